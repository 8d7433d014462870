"""Wrong attempts at the exercises of chapter 22, each with words that the answer must contain."""


def bytes_are_code_points(data):
    return list(data)


def mark_of_the_first_byte_kept(data):
    code_points = []
    for byte in data:
        if byte & 0b11_000000 == 0b10_000000:
            code_points[-1] = code_points[-1] << 6 | byte & 0b111111
        else:
            code_points.append(byte)
    return code_points


def only_two_bytes(data):
    code_points = []
    for byte in data:
        if byte < 128:
            code_points.append(byte)
        elif byte < 0b11_000000:
            code_points[-1] = code_points[-1] << 6 | byte & 0b111111
        else:
            code_points.append(byte & 0b11111)
    return code_points


def parents_only(token, merges):
    return next((pair for pair in merges if pair[0] + pair[1] == token), token)


def cut_before_the_last_byte(token, merges):
    return (cut_before_the_last_byte(token[:-1], merges), token[-1:]) if token[1:] else token


def wrong_bytes_replaced(data):
    return data.decode(errors="replace"), b""


def wrong_bytes_dropped(data):
    return data.decode(errors="ignore"), b""


def one_byte_waits_always(data):
    for waiting in range(1, 5):
        try:
            return data[:-waiting].decode(), data[-waiting:]
        except UnicodeDecodeError:
            continue
    return "", data


def strings_are_joined(texts, tokenizer):
    return tokenizer.encode("".join(text + "<|endoftext|>" for text in texts), allow_special=True)


def the_end_is_written_as_text(texts, tokenizer):
    return tokenizer.encode("".join(text + "<|endoftext|>" for text in texts))


def only_between_documents(texts, tokenizer):
    ids = []
    for text in texts:
        ids += [tokenizer.end_of_text] * bool(ids) + tokenizer.encode(text)
    return ids


WRONG = [
    ("utf8_decode", bytes_are_code_points, "é is [195, 169] and code point 233"),
    ("utf8_decode", mark_of_the_first_byte_kept, "é is [195, 169] and code point 233"),
    ("utf8_decode", only_two_bytes, "😀 is"),
    ("family_tree", parents_only, "b'hand' grew as"),
    ("family_tree", cut_before_the_last_byte, "b'hand' grew as"),
    ("complete_part", wrong_bytes_replaced, "half a letter must wait"),
    ("complete_part", wrong_bytes_dropped, "together they must be all bytes"),
    ("complete_part", one_byte_waits_always, "can be shown already"),
    ("join_documents", strings_are_joined, "ended itself"),
    ("join_documents", the_end_is_written_as_text, "two documents have two ends"),
    ("join_documents", only_between_documents, "two documents have two ends"),
]
