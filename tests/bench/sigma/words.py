"""What names and numbers are made of in generated events."""

from random import Random

PEOPLE = (
    "amelie",
    "b.osei",
    "chen.li",
    "dkowalski",
    "efonseca",
    "fatima.z",
    "g.novak",
    "hana",
    "ivo.k",
    "jdoe",
    "svc_build",
)
WINDOWS_FOLDERS = (
    "C:\\Users\\{user}\\Documents",
    "C:\\Users\\{user}\\Desktop\\{word}",
    "C:\\Users\\{user}\\source\\repos\\{word}",
    "D:\\projects\\{word}\\src",
    "C:\\ProgramData\\{word}",
)
POWERSHELL_MODULES = ("Microsoft.PowerShell.Utility", "PackageManagement", "SqlServer", "ActiveDirectory", "Pester")
_WORDS = (
    "alpha amber anchor archive atlas audit backlog badge basket beacon billing bridge budget cargo catalog checkout cobalt "
    "contact copper cosmos courier customer dashboard delta desk draft echo ember export falcon ferry forecast forest forum "
    "garden gateway glacier harbor helix import index inventory invoice island journal kernel ledger lemon lumen magnet maple "
    "market meadow metrics mirror monitor nebula notes orchard order orbit palette payroll pepper pixel planner portal quartz "
    "quota ranger report river rocket roster saffron sales schedule sierra signal silver sketch spruce station status stock "
    "summary summit survey table tango temple ticket timber tracker travel tulip valley vector velvet violet voyage window"
).split()
_DOMAINS = ("example.com", "example.org", "corp.example", "cdn.example.net", "service.example.io")


def word(random: Random) -> str:
    return random.choice(_WORDS)


def digits(random: Random, count: int) -> str:
    return str(random.randrange(10 ** (count - 1), 10**count))


def hexadecimal(random: Random, count: int) -> str:
    return f"{random.getrandbits(4 * count):0{count}x}"


def guid(random: Random) -> str:
    text = hexadecimal(random, 32)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def hostname(random: Random) -> str:
    return f"{word(random)}.{random.choice(_DOMAINS)}"


def internal_address(random: Random) -> str:
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def public_address(random: Random) -> str:
    return f"{random.choice((203, 198, 192, 91, 84, 45))}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
