"""Sentences with random values in English and Portuguese, for tests of translation."""

import random
from collections.abc import Iterator
from typing import NamedTuple

_TEMPLATES = (
    ("Invoice {n} for customer {date}, please.", "Fatura {n} do cliente {date}, por favor."),
    ("We counted {n} and {m} yesterday.", "Contamos {n} e {m} ontem."),
    ("It costs {usd} plus tax.", "Custa {usd} mais impostos."),
    ("My number is {n}, thank you.", "O meu número é {n}, obrigado."),
    ("My account number is {long}.", "O número da minha conta é {long}."),
    ("The meeting starts at {time} in room {s}.", "A reunião começa às {time} na sala {s}."),
    ("The population grew by {share} in {year}.", "A população cresceu {share} em {year}."),
    ("I paid {eur} for the ticket.", "Eu paguei {eur} pelo bilhete."),
    ("Call me at {phone} before {time}.", "Ligue para mim no {phone} antes das {time}."),
    ("The temperature fell to {minus} degrees.", "A temperatura caiu para {minus} graus."),
    ("He ran {dec} kilometers in {s} minutes.", "Ele correu {dec} quilômetros em {s} minutos."),
    ("Send the report {code} to {mail} today.", "Envie o relatório {code} para {mail} hoje."),
    ("Hello {{{{name}}}}, you have {s} messages.", "Olá {{{{name}}}}, você tem {s} mensagens."),
    ("Open {path} and change the value to {n}.", "Abra {path} e altere o valor para {n}."),
    ("If x < {s} then the result is {dec}.", "Se x < {s} então o resultado é {dec}."),
    ("The order {long} contains {s} boxes of {dec} kg.", "O pedido {long} contém {s} caixas de {dec} kg."),
    ("He owes me {brl}, and I owe him {usd}.", "Ele me deve {brl}, e eu devo a ele {usd}."),
    ("Thanks @bob, see #{tag} at {time}!", "Obrigado @bob, veja #{tag} às {time}!"),
    ("The box is {s} × {long} centimeters.", "A caixa tem {s} × {long} centímetros."),
    ("Press <b>Start</b> and wait {s} seconds 😀", "Pressione <b>Iniciar</b> e espere {s} segundos 😀"),
    ("The server {address} answered after {n} ms.", "O servidor {address} respondeu após {n} ms."),
    ("Only {share} of the {n} voters answered.", "Apenas {share} dos {n} eleitores responderam."),
    ("Add ½ cup and {s} eggs for 田中.", "Adicione ½ xícara e {s} ovos para 田中."),
)


class Example(NamedTuple):
    """A sentence in both languages."""

    en: str
    pt: str


def examples(count: int, seed: int = 1) -> Iterator[Example]:
    """That many sentences with random values."""
    dice = random.Random(seed)
    for index in range(count):
        en, pt = _TEMPLATES[index % len(_TEMPLATES)]
        yield Example(*_filled(en, pt, dice))


def _filled(en: str, pt: str, dice: random.Random) -> tuple[str, str]:
    n, m, long = dice.randint(1_000, 9_999_999), dice.randint(100_000, 9_999_999), dice.randint(10**8, 10**15)
    amount, cents = dice.randint(1, 99_999), f"{dice.randint(0, 99):02}"
    decimal = dice.randint(1, 99), dice.randint(1, 9)
    same = {
        "date": f"{dice.randint(1, 28):02}/{dice.randint(1, 12):02}/{dice.randint(1990, 2030)}",
        "time": f"{dice.randint(0, 23)}:{dice.randint(0, 59):02}",
        "long": str(long),
        "year": str(dice.randint(1900, 2030)),
        "s": str(dice.randint(2, 60)),
        "share": f"{dice.randint(1, 99)}%",
        "phone": dice.choice((f"555-{m % 10_000:04}", f"0{m % 1000:03} {n % 900 + 100} {m % 900 + 100}")),
        "minus": f"-{dice.randint(1, 30)}",
        "code": f"{dice.choice('ABX')}{dice.randint(10, 999)}-{dice.randint(1, 99)}",
        "mail": f"{dice.choice(('ana.silva', 'bob', 'j_doe'))}@example.com",
        "path": dice.choice((r"C:\temp\new.txt", "/etc/hosts")),
        "tag": dice.choice(("party", "win2030")),
        "address": f"192.168.{dice.randint(0, 255)}.{dice.randint(0, 255)}",
    }
    grouped_en, grouped_pt = f"{amount:,}", f"{amount:,}".replace(",", ".")
    return en.format(
        **same, n=f"{n:,}", m=f"{m:,}", dec=f"{decimal[0]}.{decimal[1]}",
        usd=f"${grouped_en}.{cents}", eur=f"€{amount}", brl=f"R${grouped_en}.{cents}",
    ), pt.format(
        **same, n=f"{n:,}".replace(",", "."), m=f"{m:,}".replace(",", "."), dec=f"{decimal[0]},{decimal[1]}",
        usd=f"$ {grouped_pt},{cents}", eur=f"{amount} €", brl=f"R$ {grouped_pt},{cents}",
    )  # fmt: skip
