"""The published Sigma rules, read in place from the corpora, with the pipelines that are shipped."""

import os
from collections.abc import Iterable
from pathlib import Path

from engine.rulefile import yamlparse
from engine.rulefile.sigma_cache import SigmaCache
from engine.rulefile.sigma_pipelines import shipped
from engine.rulefile.yamltyped import typed
from engine.sigma.documents import Document
from engine.sigma.model import Detection, SigmaRule
from engine.sigma.translation import Translation

CORPUS = Path(os.environ.get("REFLEXARC_CORPORA") or Path(__file__).parents[3] / "../shared/corpora") / "sigma"


def load(cache: Path | None = None) -> tuple[SigmaRule, ...]:
    """All rules that make detections. Raises FileNotFoundError where the corpora are not."""
    if not CORPUS.exists():
        raise FileNotFoundError(f"no Sigma rules at {CORPUS}; REFLEXARC_CORPORA may say where the corpora are")
    texts = {str(path): path.read_text(encoding="utf-8") for path in sorted(CORPUS.glob("rules*/**/*.yml"))}
    rules, _ = SigmaCache(cache).parse(texts, _documents, Translation(pipelines=shipped()))
    return tuple(rule for rule in rules if isinstance(rule.does, Detection))


def detections(rules: Iterable[SigmaRule]) -> list[Detection]:
    return [rule.does for rule in rules if isinstance(rule.does, Detection)]


def _documents(path: str, text: str) -> list[Document]:
    return [Document(path, node.mark.line, typed(node)) for node in yamlparse.documents(text)]
