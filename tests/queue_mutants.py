"""Faults that the model must notice, each one change of a script; the first are those of the prototype."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Mutant:
    """What is wrong, in which script, and the change that makes it so."""

    fault: str
    script: str
    right: str
    wrong: str

    def source_of(self, *names: str) -> str:
        folder = files("hookline.queue") / "scripts"
        parts = []
        for name in names:
            text = (folder / f"{name}.lua").read_text("utf-8")
            if name == self.script:
                assert text.count(self.right) >= 1, self.right
                text = text.replace(self.right, self.wrong, 1)
            parts.append(text)
        return "\n".join(parts)


MUTANTS = (
    Mutant(
        "after a wipe one that follows is given out while the first of its conversation runs",
        "places",
        "  if owner and owner.state == 'r' then\n    unshelve(owner)\n    park(owner, task.id)\n  end",
        "",
    ),
    Mutant(
        "a running task that is pushed again is given out again at once",
        "enqueue",
        "  if lease_claim ~= '' then",
        "  if false then",
    ),
    Mutant(
        "due times vanish with Redis",
        "enqueue",
        "    if tonumber(due) > NOW then",
        "    if false then",
    ),
    Mutant(
        "the age vanishes with Redis",
        "enqueue",
        "accepted = accepted, claim",
        "accepted = whole(NOW), claim",
    ),
    Mutant(
        "a lent priority is lost on promotion and reaping",
        "places",
        "  task.state = 'r'\n  save(task)\n  shelve(task)\nend\n\nlocal function own",
        "  task.state, task.lent = 'r', task.band\n  save(task)\n  shelve(task)\nend\n\nlocal function own",
    ),
    Mutant(
        "the heir of a conversation gets no lent priority",
        "places",
        "    heir.lent = band < heir.lent and band or heir.lent",
        "",
    ),
    Mutant(
        "a lost answer of a claim loses its tasks until their lease is over",
        "claiming",
        "  local taken = taken_before(name, ends)",
        "  local taken = {}",
    ),
    Mutant(
        "whoever held a lease once may end it",
        "settle",
        " and task.claim == ARGV[5]",
        "",
    ),
    Mutant(
        "whoever held a lease once may extend it",
        "extend",
        " and task.claim == claim_name",
        "",
    ),
    Mutant(
        "a conversation stays taken when its owner is over",
        "places",
        "    redis.call('HDEL', CONVERSATIONS, conversation)\n    return",
        "    return",
    ),
    Mutant(
        "leases that run out are forgotten",
        "claiming",
        "    count(task.band .. task.lane, 1)\n    place(task)\n  end\nend\n\nlocal function promote",
        "    redis.call('HDEL', TASKS, id)\n  end\nend\n\nlocal function promote",
    ),
    Mutant(
        "a lane's cap is one too high",
        "lanes",
        "tonumber(found[2] or 0) < tonumber(cap)",
        "tonumber(found[2] or 0) <= tonumber(cap)",
    ),
    Mutant(
        "a lane that had reached its cap is forgotten",
        "lanes",
        "  if not was_open then\n",
        "  if false then\n",
    ),
    Mutant(
        "a resumed lane is forgotten",
        "pause",
        "  review(scope)",
        "",
    ),
    Mutant(
        "age never wins over bands",
        "claiming",
        "  if not oldest or string.sub(oldest, 1, 1) <= string.sub(fairest[1], 1, 1) then",
        "  if true then",
    ),
    Mutant(
        "age always wins over bands",
        "lanes",
        "accepted + band * AGE",
        "accepted",
    ),
    Mutant(
        "the last in is the first out",
        "shelf",
        "'ZRANGEBYLEX', key, '[' .. prefix, '(' .. prefix .. '\\255'",
        "'ZREVRANGEBYLEX', key, '(' .. prefix .. '\\255', '[' .. prefix",
    ),
    Mutant(
        "a task that leaves the queue stays on its lane's shelf",
        "places",
        "  if task.state == 'r' then\n    unshelve(task)\n  elseif task.state == 'p'",
        "  if task.state == 'p'",
    ),
    Mutant(
        "one behind another that leaves the queue inherits all the same",
        "places",
        "    unpark(task)\n  elseif",
        "  elseif",
    ),
    Mutant(
        "how many wait is miscounted when a lease is given back",
        "settle",
        "    count(task.band .. task.lane, 1)",
        "",
    ),
    Mutant(
        "a repeated push moves what is due earlier to later",
        "enqueue",
        "'LT', ",
        "",
    ),
)
