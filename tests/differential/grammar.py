"""Commands out of a notation like that of Redis' pages, right and wrong.

    SET key value [NX|XX] [GET] [EX seconds|KEEPTTL]

    WORD        itself, in any case
    word        a word of that kind; kinds are a table, see commands.py
    'word'      itself, as it stands
    [a|b]       one of these or none; options that stand side by side come in any order
    (a|b)       one of these
    (a b)...    once or more
"""

import re

TOKEN = re.compile(r"'[^']*'|\.\.\.|[\[\]()|]|[^\s\[\]()|]+?(?=\.\.\.|[\s\[\]()|]|$)")


def read(notation):
    """The notation as a tree: ("all", [part...]), ("option", [choice...]), ("one", [choice...]), ("many", part),
    ("literal", word), ("exact", word) and ("kind", name)."""
    tokens = TOKEN.findall(notation)

    def choices(end):
        found = [sequence()]
        while tokens[0] == "|":
            tokens.pop(0)
            found.append(sequence())
        assert tokens.pop(0) == end, notation
        return found

    def sequence():
        parts = []
        while tokens and tokens[0] not in ("|", "]", ")"):
            token = tokens.pop(0)
            if token == "...":
                parts.append(("many", parts.pop()))
            elif token == "[":
                parts.append(("option", choices("]")))
            elif token == "(":
                parts.append(("one", choices(")")))
            elif token.startswith("'"):
                parts.append(("exact", token[1:-1].encode()))
            elif token == token.upper():
                parts.append(("literal", token.encode()))
            else:
                parts.append(("kind", token))
        return ("all", parts)

    tree = sequence()
    assert not tokens, notation
    return tree


def kinds_of(tree):
    """The kinds that a tree names."""
    tag, content = tree
    if tag == "kind":
        return {content}
    if tag in ("literal", "exact"):
        return set()
    if tag == "many":
        return kinds_of(content)
    return set().union(*map(kinds_of, content))


def in_any_case(word, rng):
    return rng.choice([word, word, word, word.lower(), word.lower(), bytes(rng.choice([c, c ^ 32]) if 65 <= c <= 90 else c
                                                                            for c in word)])


class Writer:
    """Writes commands. `kinds` says for each kind how to draw a word: a list to choose from, or a function of `rng`."""

    def __init__(self, kinds, strays, rng):
        self.kinds = kinds
        self.strays = strays  # words that belong nowhere
        self.rng = rng

    def word(self, kind):
        source = self.kinds[kind]
        return source(self.rng) if callable(source) else self.rng.choice(source)

    def write(self, tree, is_wild):
        """A command; a wild one takes options that exclude each other."""
        tag, content = tree
        if tag == "literal":
            return [in_any_case(content, self.rng)]
        if tag == "exact":
            return [content]
        if tag == "kind":
            return [self.word(content)]
        if tag == "one":
            return self.write(self.rng.choice(content), is_wild)
        if tag == "many":
            count = self.rng.choice([1, 1, 1, 2, 2, 3, 5])
            return [word for _ in range(count) for word in self.write(content, is_wild)]
        if tag == "option":
            return self.options([tree], is_wild)
        words, options = [], []
        for part in content:
            if part[0] == "option":
                options.append(part)
                continue
            words += self.options(options, is_wild)
            options = []
            words += self.write(part, is_wild)
        return words + self.options(options, is_wild)

    def options(self, options, is_wild):
        chosen = []
        for _, choices in options:
            if is_wild:
                chosen += self.rng.sample(choices, self.rng.randrange(min(3, len(choices) + 1)))
            elif self.rng.random() < 0.4:
                chosen.append(self.rng.choice(choices))
        self.rng.shuffle(chosen)
        return [word for choice in chosen for word in self.write(choice, is_wild)]

    def spoil(self, words):
        """The same command with something wrong, or not: a word too many is an option elsewhere."""
        rng = self.rng
        words = list(words)
        at = rng.randrange(1, len(words)) if len(words) > 1 else 1
        way = rng.choice(["drop", "stray", "stray", "replace", "replace", "replace", "double", "swap", "cut", "pad"])
        if way == "drop":
            del words[at : at + 1]
        elif way == "stray":
            words.insert(rng.randrange(1, len(words) + 1), rng.choice(self.strays))
        elif way == "replace":
            words[at : at + 1] = [rng.choice(self.strays)]
        elif way == "double":
            words += words[at : at + rng.choice([1, 2])]
        elif way == "swap":
            other = rng.randrange(1, len(words)) if len(words) > 1 else 0
            if len(words) > 1:
                words[at], words[other] = words[other], words[at]
        elif way == "cut":
            del words[at:]
        else:
            words += [rng.choice(self.strays) for _ in range(rng.randrange(1, 4))]
        return words
