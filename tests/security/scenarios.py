"""Which of our rules stands for which scenario of the corpus `crowdsec`.

Theirs are leaky buckets, ours sliding windows: what overflows a bucket of five that leaks one in ten seconds is more
than five within a minute. Where two of theirs say that one address does the same thing in two ways (fast and slow), one
alert of ours says it.
"""

from typing import NamedTuple


class Rule(NamedTuple):
    """`beside` are rules that the same requests may make fire as well, for the same address: what they say is true."""

    name: str
    beside: tuple[str, ...] = ()


_TOOL = ("WebScannerUserAgent", "WebScanner", "WebInvalidMethods")
"""Who attacks with a tool may name it."""
_PROBING = ("WebProbing", "WebCrawling", "WebVulnerabilityProbing", "WebTechnologyProbing", *_TOOL)
"""Whoever asks for many paths of one kind that are not there asks for many that are not there; and of some kinds one is
enough."""
_INJECTION = ("WebSQLInjection", "WebCrossSiteScripting", "WebPathTraversal", "WebCodeInjection", *_PROBING)
"""Scanners try one parameter with each of them."""

SCENARIOS = {
    "crowdsecurity/ssh-bf": Rule("SSHBruteForce", ("SSHAcceptedAfterBruteForce",)),
    "crowdsecurity/ssh-bf_user-enum": Rule("SSHUserEnumeration", ("SSHBruteForce",)),
    "crowdsecurity/ssh-slow-bf": Rule("SSHBruteForce", ("SSHAcceptedAfterBruteForce",)),
    "crowdsecurity/ssh-slow-bf_user-enum": Rule("SSHUserEnumeration", ("SSHBruteForce",)),
    "crowdsecurity/ssh-time-based-bf": Rule("SSHLowAndSlow"),
    "crowdsecurity/ssh-time-based-bf_user-enum": Rule("SSHLowAndSlow"),
    "crowdsecurity/ssh-cve-2024-6387": Rule("SSHTimeoutsBeforeLogin"),
    "crowdsecurity/ssh-refused-conn": Rule("SSHRefusedConnection"),
    "crowdsecurity/ssh-generic-test": Rule("SSHSelfTest"),
    "lepresidente/ssh-bad-keyexchange-bf": Rule("SSHKeyExchangeFailures"),
    "crowdsecurity/http-admin-interface-probing": Rule("WebAdminInterfaceProbing", _PROBING),
    "crowdsecurity/http-sap-interface-probing": Rule("WebSAPProbing", _PROBING),
    "crowdsecurity/http-probing": Rule("WebProbing", _PROBING),
    "crowdsecurity/http-crawl-non_statics": Rule("WebCrawling", _PROBING),
    "crowdsecurity/http-sensitive-files": Rule("WebSensitiveFileProbing", _PROBING),
    "crowdsecurity/http-backdoors-attempts": Rule("WebShellProbing", _PROBING),
    "crowdsecurity/http-cve-probing": Rule("WebVulnerabilityProbing", _PROBING),
    "crowdsecurity/http-technology-probing": Rule("WebTechnologyProbing", _PROBING),
    "crowdsecurity/http-bad-user-agent": Rule("WebScannerUserAgent", _PROBING),
    "ltsich/http-w00tw00t": Rule("WebScanner", _PROBING),
    "crowdsecurity/http-open-proxy": Rule("WebOpenProxyProbing", _TOOL),
    "crowdsecurity/http-path-traversal-probing": Rule("WebPathTraversal", ("WebEncodedPathTraversal", *_INJECTION)),
    "crowdsecurity/http-cve-2021-41773": Rule("WebEncodedPathTraversal", _INJECTION),
    "crowdsecurity/http-cve-2021-42013": Rule("WebEncodedPathTraversal", _INJECTION),
    "crowdsecurity/http-sqli-probbing-detection": Rule("WebSQLInjection", _INJECTION),
    "crowdsecurity/http-xss-probbing": Rule("WebCrossSiteScripting", _INJECTION),
    "crowdsecurity/http-generic-bf": Rule("WebBasicAuthBruteForce", ("WebLoginBruteForce", *_TOOL)),
    "LePresidente/http-generic-401-bf": Rule("WebLoginBruteForce", _TOOL),
    "LePresidente/http-generic-403-bf": Rule("WebLoginBruteForce", _TOOL),
    "crowdsecurity/http-apiscp-bf": Rule("WebLoginBruteForce", _TOOL),
    "crowdsecurity/http-bf-wordpress_bf": Rule("WebWordPressLoginBruteForce", _TOOL),
    "crowdsecurity/http-bf-wordpress_bf_xmlrpc": Rule("WebWordPressXMLRPCBruteForce", _TOOL),
    "crowdsecurity/http-wordpress-scan": Rule("WebWordPressScan", _TOOL),
    "crowdsecurity/http-wordpress_user-enum": Rule("WebWordPressUserEnumeration", _TOOL),
    "crowdsecurity/http-wordpress_wpconfig": Rule("WebWordPressConfigProbing", _TOOL),
    "crowdsecurity/http-magento-bf": Rule("MagentoAdminBruteForce"),
    "crowdsecurity/http-magento-ccs": Rule("MagentoCardTesting"),
    "crowdsecurity/http-dos-bypass-cache": Rule("WebFloodBypassingCache"),
    "crowdsecurity/http-dos-random-uri": Rule("WebFloodOfRandomPaths"),
    "crowdsecurity/http-dos-swithcing-ua": Rule("WebFloodSwitchingUserAgents"),
    "crowdsecurity/http-dos-invalid-http-versions": Rule("WebInvalidHTTPVersion"),
    "crowdsecurity/http-generic-test": Rule("WebSelfTest"),
    "crowdsecurity/nginx-req-limit-exceeded": Rule("WebRateLimitExceeded"),
}
"""By the name that `scenario.assert` gives, which is not always that of the folder."""

NOT_OURS = ("crowdsecurity/http-magento-ccs-by-as", "crowdsecurity/http-magento-ccs-by-country")
"""They ask to which network or country an address belongs, which no line says."""

ALSO = {
    "http-dos-switching-ua": {("WebInvalidHTTPVersion", "127.0.0.1"), ("WebInvalidHTTPVersion", "1.2.3.4")},
}
"""Folder → what else is in its lines. Their test runs one scenario alone, ours all rules: these lines also hold
HTTP/1.2, of which their scenario for it takes a single request as well."""
