"""Solutions to the exercises of chapter 22."""


def utf8_decode(data: bytes) -> list[int]:
    code_points: list[int] = []
    for byte in data:
        if byte < 0b10_000000:
            code_points.append(byte)
        elif byte < 0b11_000000:  # it goes on: make room for six bits more
            code_points[-1] = code_points[-1] << 6 | byte & 0b111111
        elif byte < 0b1110_0000:
            code_points.append(byte & 0b11111)
        elif byte < 0b11110_000:
            code_points.append(byte & 0b1111)
        else:
            code_points.append(byte & 0b111)
    return code_points


def family_tree(token, merges):
    parents = {left + right: (left, right) for left, right in merges}
    if token not in parents:
        return token
    left, right = parents[token]
    return family_tree(left, merges), family_tree(right, merges)


def complete_part(data: bytes) -> tuple[str, bytes]:
    # At most three bytes have to wait: find the last byte that begins a character.
    for start in range(len(data) - 1, max(-1, len(data) - 5), -1):
        byte = data[start]
        if byte & 0b11_000000 == 0b10_000000:
            continue  # it goes on, its beginning is further left
        length = 1 if byte < 128 else 2 if byte < 0b1110_0000 else 3 if byte < 0b11110_000 else 4
        if start + length > len(data):
            return data[:start].decode(), data[start:]
        break
    return data.decode(), b""


def join_documents(texts, tokenizer) -> list[int]:
    ids = []
    for text in texts:
        ids += [*tokenizer.encode(text), tokenizer.end_of_text]
    return ids
