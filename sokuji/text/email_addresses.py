"""E-mail addresses in a text. Pure."""

import re

EMAIL_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
"""The parts are limited to the lengths that DNS and SMTP allow (RFC 1035, RFC 5321, section 4.5.3.1)."""
