"""Templates render as Prometheus renders them."""

from collections.abc import Sequence

import pytest

from engine.template import TemplateError, parse
from schemas.labels import Labels

LABELS = {"instance": "web-1.example.org:9100", "job": "web"}
EXTERNAL = {"site": "north"}
RESULT: Sequence[tuple[Labels, float]] = (
    ((("instance", "b"),), 2.0),
    ((("__value__", "text"), ("instance", "a")), 1.5),
)


def rendered(text: str, value: float = 0.25) -> str:
    return parse(text).render(LABELS, value, EXTERNAL, query=lambda _: RESULT)


CASES = {
    # --- data ---
    "no action at all": "no action at all",
    "{{ $labels.job }} {{ .Labels.job }} {{ $.Labels.job }}": "web web web",
    "[{{ $labels.absent }}]": "[]",
    "{{ $labels }}": "map[instance:web-1.example.org:9100 job:web]",
    "{{ $externalLabels.site }}/{{ .ExternalLabels.site }}": "north/north",
    "{{ $value }} {{ .Value }}": "0.25 0.25",
    '{{ index $labels "job" }}': "web",
    "{{ $externalURL }}{{ .ExternalURL }}{{ externalURL }}{{ pathPrefix }}": "",
    "{{ $x := printf `%v` $value }}{{ gt (toTime 0).Unix 1 }}": "false",
    # --- definitions ---
    "{{ define `x` }}[{{ . }}]{{ end }}{{ template `x` $labels.job }}{{ template `x` }}": "[web][<no value>]",
    "{{ template `x` . }}{{ define `x` }}{{ .Labels.job }}{{ $.Value }}{{ end }}": "web0.25",
    "{{ block `x` 1 }}{{ . }}{{ end }}{{ template `x` 2 }}": "12",
    "{{ define `x` }}{{ if . }}{{ . }} {{ template `x` (slice . 1) }}{{ end }}{{ end }}{{ template `x` `abc` }}": (
        "abc bc c "
    ),
    # --- text around actions ---
    "a {{- /* gone */ -}} b": "ab",
    "a  {{- 1 -}}  b": "a1b",
    "a {{ 1 }} b": "a 1 b",
    "{{/* comment */}}x": "x",
    "{{\n1\n}}": "1",
    # --- constants ---
    r'{{ "a\"\t\u00e9\x41\101" }}': 'a"\té\x41A',
    "{{ `raw\\n` }}": "raw\\n",
    "{{ 'a' }} {{ 0x10 }} {{ -3 }} {{ 1.5 }} {{ 1e6 }} {{ true }}": "97 16 -3 1.5 1e+06 true",
    # --- blocks ---
    '{{ if eq $labels.job "web" }}yes{{ else }}no{{ end }}': "yes",
    '{{ if eq $labels.job "db" }}db{{ else if gt $value 0.2 }}high{{ else }}low{{ end }}': "high",
    "{{ if $labels.absent }}there{{ end }}": "",
    "{{ with $labels.job }}{{ . }}{{ end }}": "web",
    "{{ with $labels.absent }}{{ . }}{{ else }}none{{ end }}": "none",
    "{{ with $x := $labels.job }}{{ $x }}{{ end }}": "web",
    '{{ range query "up" }}{{ .Labels.instance }}={{ .Value }} {{ end }}': "b=2 a=1.5 ",
    '{{ range $i, $s := query "up" }}{{ $i }}{{ $s.Labels.instance }}{{ end }}': "0b1a",
    "{{ range $name, $text := $labels }}{{ $name }},{{ end }}": "instance,job,",
    "{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}": "02",
    "{{ range 0 }}x{{ else }}nothing{{ end }}": "nothing",
    # --- variables ---
    "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}": "2",
    "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}": "21",
    # --- pipelines and logic ---
    '{{ $labels.instance | reReplaceAll "(.*):.*" "$1" | toUpper }}': "WEB-1.EXAMPLE.ORG",
    "{{ (query `up` | first).Value }}": "2",
    "{{ and 0 1 }} {{ and 1 2 }} {{ or 0 3 }} {{ not 0 }}": "0 2 3 true",
    '{{ or $labels.job (index "" 1) }}': "web",
    "{{ eq 1 2 3 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ ge 1 2 }}": "true true true true false",
    "{{ if $x := 0 }}{{ else }}{{ $x }}{{ end }}": "0",
    "{{ eq nil nil }} {{ eq 1 nil }} {{ print nil `a` 1 | }}": "true false <nil>a1",
    # --- Go's functions ---
    "{{ js `it's <b>` }}": r"it\'s \u003Cb\u003E",
    '{{ len "abc" }} {{ len $labels }} {{ slice "abcd" 1 3 }}': "3 2 bc",
    '{{ print 1 2 "a" 3 4 }} {{ println "x" 1 }}': "1 2a3 4 x 1\n",
    "{{ html `<a&b>` }} {{ urlquery `a b&c` }}": "&lt;a&amp;b&gt; a+b%26c",
    # --- Prometheus' functions ---
    "{{ query `up` | len }} {{ query `up` | first | value }}": "2 2",
    "{{ query `up` | sortByLabel `instance` | first | label `instance` }}": "a",
    "{{ query `up` | sortByLabel `instance` | first | strvalue }}": "text",
    "{{ with args 1 `x` }}{{ .arg0 }}{{ .arg1 }}{{ end }}": "1x",
    "{{ with args 1 }}{{ .arg1 }}{{ end }}": "<no value>",
    "{{ title `it's a.b 3ab-c ßa` }} {{ toUpper `aß` }} {{ toLower `İ` }}": "It's A.b 3Ab-C ßa Aß i",
    "{{ reReplaceAll `[[:digit:]]` `x` `a1` }}": "ax",
    "{{ title `hello big world` }} {{ toLower `ABC` }} {{ safeHtml `<b>` }}": "Hello Big World abc <b>",
    "{{ match `^web` $labels.job }} {{ match `db` $labels.job }}": "true false",
    "{{ reReplaceAll `(?P<n>a)(b)` `${n}-$2-$9-$$` `ab` }}": "a-b--$",
    "{{ stripPort $labels.instance }} {{ stripPort `[::1]:80` }} {{ stripPort `host` }}": "web-1.example.org ::1 host",
    "{{ stripDomain $labels.instance }} {{ stripDomain `a.b` }}": "web-1:9100 a",
    "{{ stripDomain `10.0.0.1:80` }}": "10.0.0.1:80",
    "{{ parseDuration `1h30m` }}": "5400",
    "{{ graphLink `up == 0` }} {{ tableLink `up` }}": "/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1",
    "{{ toTime 1 }}": "1970-01-01 00:00:01 +0000 UTC",
    "{{ (toTime 1).Year }} {{ with toTime 1e9 }}{{ .Month }} {{ .Weekday }} {{ .Unix }}{{ end }}": (
        "1970 September Sunday 1000000000"
    ),
    "{{ (toTime 1e9).Format `Mon, 02 Jan 2006 15:04:05.00 -0700 3PM 002` }}": (
        "Sun, 09 Sep 2001 01:46:40.00 +0000 1AM 252"
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.items(), ids=CASES.keys())
def test_rendering(text: str, expected: str) -> None:
    """A template renders to the text that Prometheus makes of it."""
    assert rendered(text) == expected


FAILURES = {
    "{{ $labels.job.x }}": "string has no field x",
    "{{ .Nope }}": "struct has no field Nope",
    "{{ humanize }}": "humanize: expected 1 arguments, got 0",
    "{{ and }}": "and: expected at least 1 arguments, got 0",
    "{{ toUpper 1 }}": "toUpper: expected text, got int",
    "{{ value 1 }}": "value: expected a sample, got int",
    "{{ first 1 }}": "first: expected the result of a query, got int",
    "{{ humanize `x` }}": 'humanize: expected a number, got "x"',
    "{{ humanize ` 1` }}": 'humanize: expected a number, got " 1"',
    "{{ humanize true }}": "humanize: expected a number, got bool",
    "{{ match `(` `` }}": "match: regular expression '(': missing ), unterminated subpattern at position 0",
    "{{ parseDuration `soon` }}": 'parseDuration: expected a duration such as 5m, got "soon"',
    '{{ eq 1 "1" }}': "incompatible types for comparison: int and string",
    "{{ gt $value 10 }}": "incompatible types for comparison: float64 and int",
    "{{ lt true false }}": "invalid type for comparison",
    "{{ nil }}": "nil is not a command",
    "{{ 1 2 }}": "only a function can take arguments",
    "{{ $x = 1 }}": "undefined variable: $x",
    "{{ index $labels 1 }}": "value has type int; should be string",
    "{{ call 1 }}": "call: non-function of type int",
    "{{ (toTime 1).Zone }}": "*time.Time has no field Zone",
    "{{ template `x` }}": 'template "x" not defined',
    "{{ define `x` }}{{ template `x` }}{{ end }}{{ template `x` }}": "templates within templates more than 50 deep",
    "{{ index `abc` 7 }}": "index out of range: 7",
    "{{ len 1 }}": "len: int has no length",
    "{{ range true }}{{ end }}": "range cannot go over bool",
    "{{ range 1000000 }}{{ end }}": "`range` went round more than 100000 times",
    "{{ printf `%999999999d` 1 }}": "printf: expected at most 1000 digits, got 999999999",
    "{{ toTime 1e300 }}": "toTime: 1e+300 cannot be represented as a nanoseconds timestamp since it overflows int64",
}


@pytest.mark.parametrize(("text", "message"), FAILURES.items(), ids=FAILURES.keys())
def test_what_cannot_be_rendered_says_why(text: str, message: str) -> None:
    """A template that fails for this alert names the function and what it expected."""
    with pytest.raises(TemplateError) as failed:
        rendered(text)
    assert failed.value.message == message


def test_without_a_query_function_nothing_can_be_queried() -> None:
    """The arguments of a step are rendered without access to samples."""
    with pytest.raises(TemplateError, match="query: nothing can be queried here"):
        parse("{{ query `up` }}").render({}, 0)
