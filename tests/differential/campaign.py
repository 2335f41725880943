"""What the tests and run.py have in common: one seed, one script, and what is skipped."""

import dataclasses

import commands
import servers
from harness import Difference, Judge, Run, fresh_pair, play, shrink
from streams import Step, Stream, Tables, missing, script_steps


# Larder must have every command of commands.REQUIRED and of newer.py. False: what it lacks is skipped, and listed.
ALL = True

without = set()  # what run.py was asked not to send


def abilities():
    """What Redis has, and what Larder has and may be asked."""
    redis_has, larder_has = servers.known()
    return redis_has, larder_has - without


def lacking():
    """The commands of REQUIRED that Larder lacks, in the order of that list."""
    redis_has, larder_has = abilities()
    unknown = [name for name in commands.REQUIRED if name not in redis_has]
    assert not unknown, f"not commands of Redis 7.0.15: {unknown}"
    return [name for name in commands.REQUIRED if name not in larder_has]


def can(words):
    return not missing(words, *abilities())


def script_lacks(text):
    return sorted({name for step in script_steps(text) for words in step.commands for name in missing(words, *abilities())})


def play_script(text, protocol, judge):
    steps = script_steps(text)
    if protocol == 3:
        connections = sorted({step.connection for step in steps})
        steps = [Step("command", number, ((b"HELLO", b"3"),)) for number in connections] + steps
    difference = play(steps, judge)
    return difference and f"step {difference.step + 1}: {steps[min(difference.step, len(steps) - 1)]}\n{difference}"


def play_frames(frames, judge, password=""):
    """One after the other, each on a new connection: the differences. With a password, nobody is logged in."""
    found = []
    with fresh_pair() as pair:
        for server in pair:
            server.ask("CONFIG", "SET", "requirepass", password)
        for data, must_end in frames:
            counted = Step("command", 2, ((b"INFO", b"everything"),))
            difference = Run(pair, judge).play([Step("frame", 1, data=data, must_end=must_end), counted])
            if difference:
                found.append(str(difference))
    return found


@dataclasses.dataclass
class Found:
    """The first difference of a stream, and the shortest steps that still differ."""

    title: str
    first: Difference
    steps: list
    difference: Difference

    def __str__(self):
        steps = "".join(f"\n  {step}" for step in self.steps)
        return (f"{self.title} at step {self.first.step + 1}:\n{self.first}\n"
                f"the shortest that still differs (connection, words):{steps}\n{self.difference}")


def play_seed(seed, length, judge=None, pair_of=fresh_pair):
    """What differs, or None."""
    stream = Stream(seed, length, Tables(can))
    steps = stream.steps()
    difference = play(steps, judge or Judge(), pair_of)
    if difference is None:
        return None
    return Found(f"LARDER_SEED={seed} of {length} commands ({stream}) differs", difference,
                 *shrink(steps, difference, pair_of))


def unneeded(judge):
    """Entries of intended.py that nothing needed, although Larder has their commands."""
    _, larder_has = abilities()
    return [
        f"{entry.commands}: {entry.reason}"
        for entry in judge.entries
        if not judge.uses[entry] and (entry.commands in ("*", "frame") or larder_has & set(entry.commands.split()))
    ]
