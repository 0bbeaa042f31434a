"""User agents, as browsers, command-line tools and machines send them; attackers' come from the same lists."""

from __future__ import annotations

from streams.simulate.randomness import Weighted

__all__ = ["APPS", "BROWSERS", "COMMAND_LINES", "PHONES", "TOOLS"]

BROWSERS = Weighted(
    [
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36", 30),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/143.0.0.0 Safari/537.36", 24),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36", 14),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0", 8),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", 8),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15", 9),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/143.0.0.0 Edg/143.0.0.0", 7),
    ]
)
COMMAND_LINES = Weighted(
    [
        ("git/2.50.1 (Apple Git-155)", 28),
        ("git/2.43.0", 26),
        ("git/2.51.0.windows.1", 16),
        ("git/2.39.5", 12),
        ("git/2.47.1", 10),
        ("JGit/7.1.0", 4),
        ("go-git/5.x", 4),
    ]
)
PHONES = Weighted(
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", 58),
        ("Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 Chrome/143.0.0.0 Mobile Safari/537.36", 42),
    ]
)
TOOLS = Weighted(
    [
        ("python-requests/2.32.5", 26),
        ("curl/8.14.1", 22),
        ("gh/2.74.0", 18),
        ("Terraform/1.13.3", 12),
        ("axios/1.12.2", 12),
        ("Go-http-client/2.0", 10),
    ]
)
APPS = Weighted(
    [("renovate/41.0.0", 4), ("dependabot-core/0.320", 4), ("argocd-server/v3.1.0", 3), ("sonar-scanner/7", 2)]
)
