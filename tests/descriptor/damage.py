"""Damage to the content of a file."""


def damage(content, random):
    """Flip a bit, truncate, lengthen or swap two parts of ``content`` (bytes)."""
    place, kind = random.randint(len(content)), random.randint(4)
    if kind == 0:
        return content[:place] + bytes([content[place] ^ 1 << random.randint(8)]) + content[place + 1 :]
    if kind == 1:
        return content[:place]
    return content + b"\0" if kind == 2 else content[place:] + content[:place]
