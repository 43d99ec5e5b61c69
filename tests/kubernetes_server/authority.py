"""The certificate of an authority that has signed nothing. The stand-in speaks plain HTTP on loopback; a kubeconfig
that names an authority keeps a client from reading all those of the machine, which takes longer than most tests.
"""

import base64

CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUepKbkHS+dbGeqmRNI0p0Fd54zmEwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyODEyMDkwOFoYDzIxMjYxMTA0MTIw
OTA4WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASBRXrUOAavF7136ClUtOEJa/Qc7hRf9HPOUhbKtXwxqK7wDrirJmnqb7fjitVP
fHvL9Wh123s7c7khYA2r6Ommo1MwUTAdBgNVHQ4EFgQU8THWESqHoURn6dIzqBDB
VTedGRQwHwYDVR0jBBgwFoAU8THWESqHoURn6dIzqBDBVTedGRQwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiA+nX6GUqg6ojy9IQg2AsDcSaptE3PM
q4uVp/s9+iroFgIhAL77uVq5dKh92YDtdYyZoHKcRwZ9kSKIF1gs6uCz7d9T
-----END CERTIFICATE-----
"""
AS_DATA = base64.b64encode(CERTIFICATE.encode()).decode()
"""As `certificate-authority-data` of a kubeconfig."""
