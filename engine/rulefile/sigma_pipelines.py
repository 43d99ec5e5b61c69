"""The processing pipelines that are shipped: Sigma's names of fields as alternatives to those of our collectors."""

from importlib.resources import files

from engine.sigma.translation import PipelineText


def shipped() -> tuple[PipelineText, ...]:
    """In the order of their names; each has the priority 90, so that those of a user come before."""
    folder = files("engine.sigma") / "pipelines"
    found = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
    return tuple(
        PipelineText(f"engine/sigma/pipelines/{each.name}", each.read_text(encoding="utf-8")) for each in found
    )
