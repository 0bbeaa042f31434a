"""The words that simulated people and repositories are named with."""

from __future__ import annotations

__all__ = ["FAMILY", "GIVEN", "PARTS", "SUBJECTS"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    "ada alan amara anna ben bea carlos chen dana diego elena emil fatima felix grace hana hugo ines ivan jana "
    "jonas kai kofi lara leo lin lucia maya mei milan nadia nia noah olga omar paul petra priya quinn ravi rosa sam "
    "sara sofia tariq tom uma vera viktor wei yara yuki zoe "
)
FAMILY = _words(
    "abe ahmed alves baker becker bose castro cohen costa diaz dubois fischer fraser garcia gupta haas hansen ito "
    "jensen kaya khan kim kovacs kumar lang levi lopez maier meyer moreau mori murphy nagy nair novak okafor olsen "
    "ozturk park popa ramos reyes rossi roy sato schmidt silva singh smith suzuki tanaka torres vogel wagner walsh "
    "wang weber wilson wolf yilmaz young zhang "
)
SUBJECTS = _words(
    "payments ledger checkout catalog search identity billing fraud mobile web android ios gateway edge orders "
    "shipping pricing notifications messaging media analytics warehouse features models platform infra terraform "
    "observability secrets vault docs design-system data events "
)
PARTS = _words("api service worker ui client jobs schema deploy charts sdk tools lib e2e config batch proxy ")
