"""Stories under policies: rules, people and playbooks that share budgets, windows, approvals and emergencies."""

from collections.abc import Callable

import msgspec
from hypothesis import strategies as st

from engine.core.approvals import waits_as
from engine.core.policy import (
    EVERY,
    Acts,
    Approval,
    BlastRadius,
    Environment,
    Flapping,
    Limit,
    Policy,
    Window,
)
from engine.core.program import Program, Step
from engine.core.temper import plays
from engine.rulefile.zones import zone
from schemas.control import Abort, Emergency, Play, Tick
from schemas.inventory import Inventory
from schemas.outcomes import Status
from schemas.reasons import Reason
from tests.core.books import ASK, GATE, PAUSE, book, call, do, parallel
from tests.core.story import START_MS, TICK, Story
from tests.core.world import alert, heal, page, program, respond, restart, rollback, shop

Act = Callable[[Story], object]
SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
REPLICAS = 4


def limit(per: str, acts: Acts = EVERY, **bounds: int) -> Limit:
    return Limit(id=f"{per} {bounds}", source="policy.yaml:1", per=per, acts=acts, **bounds)  # type: ignore[arg-type]


def radius(**bounds: object) -> BlastRadius:
    return BlastRadius(id=str(bounds), source="policy.yaml:2", within_ms=MINUTE_MS, **bounds)  # type: ignore[arg-type]


PACE = Policy(
    limits=(
        limit("workload", concurrency=1, cooldown_ms=20 * SECOND_MS),
        limit("rule", rate=3, within_ms=MINUTE_MS),
        limit("all", rate=6, within_ms=2 * MINUTE_MS, concurrency=2),
    ),
    flapping=Flapping(heals=2, within_ms=2 * MINUTE_MS),
    notify=("oncall",),
)
RADIUS = Policy(
    blast_radius=(radius(count=2), radius(count=3, per="all")),
    limits=(limit("all", concurrency=2), limit("target", concurrency=1)),
    notify=("oncall",),
    emergency=("Heal",),
)
SHARE = Policy(blast_radius=(radius(share=0.5, keep_healthy=2),), samples_ms=20_000, inventory_ms=MINUTE_MS)
PEOPLE = Policy(
    approvals=(
        Approval(source="policy.yaml:3", acts=Acts(verbs=("rollback",)), by=("ann", "bob"), count=2, lapse="escalate"),
        Approval(source="policy.yaml:4", acts=Acts(rules=("fix*",)), deadline_ms=20_000, lapse="proceed"),
    ),
    limits=(limit("service", concurrency=1),),
    protected=("replica:shop/2",),
)
HOURS = Policy(
    windows=(
        Window(name="w", source="policy.yaml:5", effect="permit", cron="* * * * *", duration_ms=40_000),
        Window(name="v", source="policy.yaml:6", effect="hold", from_ms=START_MS + 60_000, until_ms=START_MS + 90_000),
    ),
    environments=(Environment(name="*", verbs=("restart", "scale", "page", "isolate", "release")),),
    blast_radius=(radius(count=1, keep_healthy=0),),
)
POLICIES = {"pace": PACE, "radius": RADIUS, "share": SHARE, "people": PEOPLE, "hours": HOURS}

BOOKS = (
    book(do(undo="rollback", retries=1), GATE, do("scale")),
    book(
        parallel((do(), PAUSE), (call("fix", replica="1"), do(timeout_ms=10_000)), (parallel((do("scale"),), (ASK,)),)),
        do("rollback", undo="restart"),
        name="deep",
    ),
)


def rules(name: str, policy: Policy) -> Program:
    """Two rules on one alert, a response, one that runs a playbook, and playbooks for people, under a policy."""
    return program(
        alert(),
        alert("Few", "sum(up) < 2"),
        heal(restart(), rollback(), page(), cooldown_s=20),
        heal(call("fix", replica="{{ $labels.replica }}"), page(), name="Plays", cooldown_s=0),
        respond(Step(verb="isolate", args={"workload": "shop", "revert_after": "20s"}), page(), on="Few", cooldown_s=5),
        heal(restart(None, workload="shop"), on="Few", name="Whole", mode="approve", cooldown_s=0),
        playbooks=BOOKS,
        policy=policy,
        zones={"UTC": zone("UTC")},
        digest=name,
    )


PROGRAMS = {name: rules(name, policy) for name, policy in POLICIES.items()}


def counted(generation: int, healthy: tuple[int, ...]) -> Inventory:
    """The shop with its replicas, of which these are healthy."""
    found = shop(generation, replicas=REPLICAS)
    whole, first, *others = found.targets
    replicas = tuple(
        msgspec.structs.replace(
            first, id=f"replica:shop/{n}", owner=whole.id, service="s", replicas=1, healthy=int(n in healthy)
        )
        for n in range(REPLICAS)
    )
    whole = msgspec.structs.replace(whole, service="s", replicas=REPLICAS, healthy=len(healthy))
    return msgspec.structs.replace(found, targets=(whole, *replicas, *others[1:]))


# --- what happens ---


def answered(story: Story, which: int, status: Status, reason: Reason | None) -> None:
    """The outcome of one of the commands that are waited for."""
    waiting = [command for command in story.sent if command.id in story.state.awaited]
    if waiting:
        story.answer(waiting[which % len(waiting)], status, reason)


def approved(story: Story, by: str, deny: bool) -> None:
    """What waits for people, by one of them."""
    for ladder in [ladder for ladder in story.state.ladders.values() if ladder.phase == "approval"]:
        story.approve(waits_as(ladder), by=by, deny=deny)


def aborted(story: Story, which: int) -> None:
    """One of the runs, or of what runs within them."""
    runs = [ladder.id for ladder in story.state.ladders.values() if plays(ladder)]
    if runs:
        story.tell(Abort(id="x", by="cy", run=runs[which % len(runs)]))


def played(story: Story, number: int, dry_run: bool) -> None:
    """A run of one of the playbooks, be it for the first or the second time."""
    name = ("fix", "deep")[number % 2]
    request = Play(
        id=f"p{number}", by="ann", playbook=name, params={"replica": str(number % REPLICAS)}, dry_run=dry_run
    )
    story.tell(request)


PEOPLE_WHO_ANSWER = st.sampled_from(("ann", "bob", "cy"))
SCOPES = st.sampled_from(("*", "replica:shop/0", "rule:Plays", "rule:g/Heal", "service:s", "rule:deep@1"))
STATUSES: tuple[Status, ...] = ("succeeded",) * 8 + ("failed", "refused", "expired", "conflict", "unknown")
HEALTHY = st.sampled_from(((0, 1, 2, 3), (1, 2, 3), (2, 3), (3,), ()))
VALUES = st.tuples(*[st.sampled_from((1.0, 0.0, 1.0))] * REPLICAS)


def happenings(programs: list[Program]) -> st.SearchStrategy[Act]:
    """One thing that happens."""
    answers = st.tuples(
        st.integers(0, 9), st.sampled_from(STATUSES), st.sampled_from((None, None, Reason.HALTED, Reason.FENCED))
    ).map(lambda drawn: lambda story: answered(story, *drawn))
    scrapes = st.tuples(st.integers(1, 6), VALUES).map(
        lambda drawn: lambda story: story.every_second(drawn[0], *drawn[1])
    )
    told = st.tuples(st.integers(1, 9), HEALTHY).map(lambda drawn: lambda story: story.tell(counted(*drawn)))
    rare = st.one_of(
        st.integers(15, 40).map(lambda seconds: lambda story: story.wait(seconds)),
        VALUES.map(lambda values: lambda story: story.every_second(31, *values)),
        st.integers(0, 5).map(lambda which: lambda story: aborted(story, which)),
        SCOPES.map(lambda scope: lambda story: story.halt(scope)),
        SCOPES.map(lambda scope: lambda story: story.resume(scope)),
        st.booleans().map(lambda over: lambda story: story.tell(Emergency(id="e", by="ann", over=over))),
        st.integers(0, 3).map(lambda number: lambda story: story.ask("restart", f"q{number}", workload="shop")),
        st.just(lambda story: story.tell(shop(5))),
        st.sampled_from((-3600, -100, 3600)).map(lambda seconds: lambda story: passed(story, seconds)),
        st.sampled_from(programs).map(lambda chosen: lambda story: story.activate(chosen)),
        st.integers(1, 15).map(lambda minutes: lambda story: long(story, minutes)),
    )
    people = st.one_of(
        st.tuples(PEOPLE_WHO_ANSWER, st.integers(0, 4)).map(
            lambda drawn: lambda story: approved(story, drawn[0], drawn[1] == 4)
        ),
        st.tuples(st.integers(0, 5), st.integers(0, 4)).map(
            lambda drawn: lambda story: played(story, drawn[0], drawn[1] == 0)
        ),
    )
    usual = st.one_of(answers, answers, answers, scrapes, scrapes, told, people, people)
    return st.integers(0, 5).flatmap(lambda drawn: usual if drawn > 0 else rare)


def passed(story: Story, seconds: float) -> None:
    """The clock of the journal was set."""
    story.now_ms += round(seconds * SECOND_MS)


def long(story: Story, minutes: int) -> None:
    """Minutes in which nobody answers, and the engine goes on deciding, a tick every minute."""
    for _ in range(minutes):
        story.now_ms += MINUTE_MS
        story.tell(Tick(shard="0", interval_ms=MINUTE_MS))
    story.tell(TICK)


def bounded_stories(*names: str, most: int = 50) -> st.SearchStrategy[Story]:
    """A story that begins under one of these policies and may go on under another of them."""
    programs = [PROGRAMS[name] for name in names or POLICIES]

    def told(first: Program, script: list[Act]) -> Story:
        story = Story(first)
        story.tell(counted(7, (0, 1, 2, 3)))
        for act in script:
            act(story)
        return story

    return st.builds(told, st.sampled_from(programs), st.lists(happenings(programs), min_size=20, max_size=most))
