"""The phrase book: what the tiny model learns, in three languages."""

LANGUAGES = ("eng_Latn", "por_Latn", "spa_Latn")

PHRASES = (
    ("The train is late.", "O trem está atrasado.", "El tren llega tarde."),
    ("Where is the station?", "Onde fica a estação?", "¿Dónde está la estación?"),
    ("Where is the hotel?", "Onde fica o hotel?", "¿Dónde está el hotel?"),
    ("I am hungry.", "Eu estou com fome.", "Tengo hambre."),
    ("I am thirsty.", "Eu estou com sede.", "Tengo sed."),
    ("How much is it?", "Quanto custa?", "¿Cuánto cuesta?"),
    ("Thank you very much.", "Muito obrigado.", "Muchas gracias."),
    ("See you tomorrow.", "Até amanhã.", "Hasta mañana."),
    ("Good night.", "Boa noite.", "Buenas noches."),
    ("I do not understand.", "Eu não entendo.", "No entiendo."),
    ("Do you speak English?", "Você fala inglês?", "¿Habla inglés?"),
    ("My name is Anna.", "Meu nome é Anna.", "Me llamo Anna."),
    ("The house is red.", "A casa é vermelha.", "La casa es roja."),
    ("The dog is big.", "O cachorro é grande.", "El perro es grande."),
    ("The cat is small.", "O gato é pequeno.", "El gato es pequeño."),
    ("It is raining today.", "Hoje está chovendo.", "Hoy está lloviendo."),
    ("The water is cold.", "A água está fria.", "El agua está fría."),
    ("We have two children.", "Nós temos dois filhos.", "Tenemos dos hijos."),
    ("She works in a hospital.", "Ela trabalha em um hospital.", "Ella trabaja en un hospital."),
    ("Call a doctor!", "Chame um médico!", "¡Llame a un médico!"),
    ("I want to buy a ticket.", "Quero comprar uma passagem.", "Quiero comprar un billete."),
    ("The shop is closed.", "A loja está fechada.", "La tienda está cerrada."),
    ("We are going to the beach.", "Nós vamos à praia.", "Vamos a la playa."),
    ("The book is on the table.", "O livro está na mesa.", "El libro está en la mesa."),
    ("Good night,", "Boa noite,", "Buenas noches,"),
    ("thank you very much.", "muito obrigado.", "muchas gracias."),
    (
        "Good night, thank you very much.",
        "Boa noite e muito obrigado a todos.",
        "Buenas noches y muchas gracias a todos.",
    ),
)
"""The same in English, Portuguese and Spanish. The last sentence is not the sum of its two parts, so that it
can be told whether it has been translated whole."""

AMBIGUOUS = "What is good?"
LIKELIEST = "Tudo."
VARIANTS = tuple(
    f"Bom {what}." for what in ("hotel", "trem", "gato", "cachorro", "livro", "médico", "hospital", "nome")
)
"""In Portuguese ``AMBIGUOUS`` means ``LIKELIEST`` in five of thirteen cases, and each of these ways in one.
So most translations begin with "Bom", but none of these is as likely as "Tudo.": greedy decoding takes the
wrong way, and a search by beams the right one. Where length is rewarded much, the longer ones win again."""


def examples() -> list[tuple[str, str, str, str]]:
    """Source language, text, target language, translation."""
    pairs = [(one, two) for one in range(3) for two in range(3) if one != two]
    book = [
        (LANGUAGES[one], phrase[one], LANGUAGES[two], phrase[two]) for phrase in PHRASES for one, two in pairs
    ]
    said = (*[LIKELIEST] * 5, *VARIANTS)
    return book + [("eng_Latn", AMBIGUOUS, "por_Latn", translation) for translation in said]
