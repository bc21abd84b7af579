"""The currencies that are known in texts. Pure."""

CURRENCY_CODES = (
    "USD", "EUR", "GBP", "JPY", "BRL", "CNY", "INR", "CHF", "RUB", "KRW", "MXN", "CAD", "AUD", "NZD", "HKD",
    "SGD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "ZAR", "ILS", "THB", "UAH", "AOA", "MZN", "ARS",
    "CLP", "COP", "PEN", "AED", "SAR", "EGP", "NGN", "KES", "VND", "IDR", "PHP", "MYR", "RON", "TWD",
)  # fmt: skip
"""ISO 4217 codes of common currencies, the most common first, without those that are words: "ALL", "TOP"."""
