# Airlock as a container: one image for every command (`worker`, `topics apply`, `publish`, ...).

FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY locks locks
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes --no-deps -r locks/dev.txt \
    && python -m venv --without-pip /opt/airlock \
    && /build/bin/uv pip sync --no-cache --compile-bytecode --python /opt/airlock/bin/python --require-hashes locks/runtime.txt
COPY . .
RUN /build/bin/python tools/compile.py \
    && /build/bin/hatchling build --target wheel --directory /dist \
    && /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/airlock/bin/python --no-deps /dist/*.whl

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/airlock airlock
COPY --from=build /opt/airlock /opt/airlock
COPY deploy/healthcheck.py /opt/airlock/healthcheck.py
ENV PATH=/opt/airlock/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AIRLOCK_DATA_DIR=/var/lib/airlock \
    AIRLOCK_LOG__FORMAT=json \
    AIRLOCK_WORKER__METRICS_PORT=9464
USER airlock
WORKDIR /var/lib/airlock
VOLUME /var/lib/airlock
# For workers, which answer at their metrics port; other commands end before it is first asked.
HEALTHCHECK --interval=15s --timeout=15s --start-period=60s --start-interval=2s --retries=3 CMD ["python", "/opt/airlock/healthcheck.py"]
ENTRYPOINT ["airlock"]
CMD ["worker"]
