"""The DNS prober: asks a server one question and looks at its answer. What is on the wire is dnspython's to read."""

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from collectors.probe.exchange import Phases, by_tcp, by_udp
from collectors.probe.found import Findings, ProbeFailed
from collectors.probe.modules import DnsModule
from collectors.probe.records import judge, records
from collectors.probe.resolve import Resolver
from collectors.probe.target import server_of

_PORT, _TLS_PORT = 53, 853


class DnsProber:
    """Probes in the way of one module."""

    def __init__(self, module: DnsModule, resolver: Resolver) -> None:
        self._module = module
        self._resolver = resolver

    async def probe(self, instance: str, found: Findings) -> None:
        """Raises `ProbeFailed`; the caller bounds time."""
        found.put("probe_dns_query_succeeded", 0.0)
        for name in ("answer", "authority", "additional"):
            found.put(f"probe_dns_{name}_rrs", 0.0)
        try:
            answer = await self._ask(instance, found)
        except (OSError, ValueError, EOFError, dns.exception.DNSException) as error:
            raise ProbeFailed(f"{type(error).__name__}: {error}") from error
        found.put("probe_dns_query_succeeded", 1.0)
        self._judge(answer, found)

    async def _ask(self, instance: str, found: Findings) -> dns.message.Message:
        module = self._module
        phases = Phases(found)
        host, port = server_of(instance, _TLS_PORT if module.dns_over_tls else _PORT)
        address = await self._resolver.resolve(host, module, found)
        phases.ended("resolve")
        query = dns.message.make_query(
            module.query_name,
            module.query_type,
            module.query_class,
            flags=dns.flags.RD if module.recursion_desired else 0,
        )
        if module.transport_protocol == "udp" and not module.dns_over_tls:
            answer = await by_udp(query, address, port, module, phases)
        else:
            answer = await by_tcp(query, (host, port, address), module, phases)
        if not query.is_response(answer):
            raise ProbeFailed("the answer is to another question")
        return answer

    def _judge(self, answer: dns.message.Message, found: Findings) -> None:
        module = self._module
        sections = (
            ("answer", answer.answer, module.validate_answer_rrs),
            ("authority", answer.authority, module.validate_authority_rrs),
            ("additional", answer.additional, module.validate_additional_rrs),
        )
        for name, rrsets, _ in sections:
            found.put(f"probe_dns_{name}_rrs", float(sum(map(len, rrsets))))
        if module.query_type == "SOA":
            serials = [each[0].serial for each in answer.answer if each.rdtype == dns.rdatatype.SOA]
            found.put("probe_dns_serial", float(serials[0] if serials else 0))
        if (rcode := dns.rcode.to_text(answer.rcode())) not in module.valid_rcodes:
            raise ProbeFailed(f"expected {' or '.join(module.valid_rcodes)}, got {rcode}")
        for name, rrsets, expected in sections:
            judge(name, [text for each in rrsets for text in records(each)], expected)
