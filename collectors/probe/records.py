"""Records of a DNS answer, as text, and whether they are as the module says that they should be. Pure."""

import dns.rrset

from collectors.probe.fields import regexp_of
from collectors.probe.found import ProbeFailed
from collectors.probe.modules import RecordMatch


def records(rrset: dns.rrset.RRset) -> list[str]:
    """The records as a zone file has them, with a tab between the fields."""
    about = (rrset.name.to_text(), str(rrset.ttl), rrset.rdclass.name, rrset.rdtype.name)
    return ["\t".join((*about, rdata.to_text())) for rdata in rrset]


def judge(section: str, found: list[str], expected: RecordMatch) -> None:
    """Raises `ProbeFailed` for records of a section that are not as expected."""

    def occurs(pattern: str) -> list[bool]:
        compiled = regexp_of(pattern)
        return [compiled.occurs(each) for each in found]

    for pattern in expected.fail_if_matches_regexp:
        if any(occurs(pattern)):
            raise ProbeFailed(f"a record of {section} matches {pattern}", regexp=True)
    for pattern in expected.fail_if_not_matches_regexp:
        if not found or not all(occurs(pattern)):
            raise ProbeFailed(f"a record of {section} does not match {pattern}", regexp=True)
    every = expected.fail_if_all_match_regexp
    if every and found and all(all(occurs(pattern)) for pattern in every):
        raise ProbeFailed(f"all records of {section} match {' and '.join(every)}", regexp=True)
    some = expected.fail_if_none_matches_regexp
    if some and not any(any(occurs(pattern)) for pattern in some):
        raise ProbeFailed(f"no record of {section} matches {' or '.join(some)}", regexp=True)
