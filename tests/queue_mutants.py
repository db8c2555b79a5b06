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
                if self.right not in text:
                    raise LookupError(f"{name}.lua has no {self.right!r} any more")
                text = text.replace(self.right, self.wrong, 1)
            parts.append(text)
        return "\n".join(parts)


MUTANTS = (
    Mutant(
        "after a wipe one that follows is given out while the first of its conversation runs",
        "places",
        "    if owner and owner.state == 'r' then\n",
        "    if false then\n",
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
        "  elseif not known and tonumber(due) > NOW then",
        "  elseif false then",
    ),
    Mutant(
        "the age vanishes with Redis",
        "enqueue",
        "accepted = accepted, claim",
        "accepted = string.format('%016.0f', NOW), claim",
    ),
    Mutant(
        "a lent priority is lost on promotion and reaping",
        "places",
        "    task.state = 'r'\n",
        "    task.state, task.lent = 'r', task.band\n",
    ),
    Mutant(
        "the heir of a conversation gets no lent priority",
        "following",
        "heir.state, heir.lent = 'r', band < heir.lent and band or heir.lent",
        "heir.state = 'r'",
    ),
    Mutant(
        "one that is first already is lent nothing",
        "following",
        "    lend(owner_id, task.lent)\n",
        "",
    ),
    Mutant(
        "an edited task keeps the band that it had",
        "enqueue",
        "    places.rank_anew(task, band)\n",
        "",
    ),
    Mutant(
        "who is first of a conversation counts as what was lent for ever",
        "places",
        "    if was_behind then\n      followers().lend_anew(owner_id)\n    elseif",
        "    if",
    ),
    Mutant(
        "a lost answer of a claim loses its tasks until their lease is over",
        "serving",
        "    if before or has_woken or answered[wish.claim] then\n",
        "    if false then\n",
    ),
    Mutant(
        "whoever held a lease once may end it",
        "settle",
        " and claimed_by == wish.held_by",
        "",
    ),
    Mutant(
        "whoever held a lease once may extend it",
        "extend",
        " and string.match(task, '\\31([^\\31]*)') == held_by",
        "",
    ),
    Mutant(
        "a conversation stays taken when its owner is over",
        "settle",
        "      records.put('c:' .. wish.conversation, false)\n",
        "",
    ),
    Mutant(
        "a conversation stays taken when nobody is behind its owner any more",
        "following",
        "      return records.put('c:' .. conversation, false)",
        "      return nil",
    ),
    Mutant(
        "those behind one that is over wait for ever",
        "settle",
        " == '-' .. wish.id",
        "",
    ),
    Mutant(
        "leases that run out are forgotten",
        "serving",
        "    places.place(task)\n",
        "    records.erase(task)\n",
    ),
    Mutant(
        "a lane's cap is one too high",
        "lanes",
        "'r:' .. lane.name) or 0) < lane.cap",
        "'r:' .. lane.name) or 0) <= lane.cap",
    ),
    Mutant(
        "a lane that reaches its cap by a claim goes on",
        "serving",
        "turn.running >= turn.cap",
        "turn.running > turn.cap",
    ),
    Mutant(
        "a lane that had reached its cap is forgotten",
        "lanes",
        "      open_turns().open(lane.name)",
        "      lane.came = {}",
    ),
    Mutant(
        "the short way is taken for a lane with a cap",
        "settle",
        "terms and string.find(terms, ' 0 0', -4, true) and many - 1",
        "terms and many - 1",
    ),
    Mutant(
        "a resumed lane is forgotten",
        "pause",
        "  lanes.at(scope).is_paused = is_paused",
        "  lanes.at(scope).was_open = not is_paused\n  lanes.at(scope).is_paused = is_paused",
    ),
    Mutant(
        "a paused queue goes on",
        "serving",
        " and not is_paused then",
        " then",
    ),
    Mutant(
        "age never wins over bands",
        "lineup",
        "  if is_older_of_worse_band(old[1], band) then",
        "  if false then",
    ),
    Mutant(
        "age always wins over bands",
        "serving",
        "accepted + turn.band * ARGV[2]",
        "accepted",
    ),
    Mutant(
        "a lane's age is that of the task that it gave out",
        "lineup",
        "    return shelf[shelf.at], shelf[shelf.at + 1]\n",
        "    return shelf[shelf.at], shelf[shelf.at + 1] and shelf[shelf.at]\n",
    ),
    Mutant(
        "the last in is the first out",
        "lineup",
        "'ZRANGEBYLEX', RUNNABLE, shelf.from, upto,",
        "'ZREVRANGEBYLEX', RUNNABLE, upto, shelf.from,",
    ),
    Mutant(
        "a lane goes on though it is another's turn",
        "serving",
        "    elseif turn.tag >= turn.lasts then\n",
        "    elseif false then\n",
    ),
    Mutant(
        "a lane goes on though an older task of a worse band waits",
        "lineup",
        "goes_once and 0 or tonumber(fair[4])",
        "tonumber(fair[4])",
    ),
    Mutant(
        "a turn that was taken is forgotten",
        "serving",
        "    if turn.second then\n",
        "    if false then\n",
    ),
    Mutant(
        "the last task of a lane is ended on the short way",
        "settle",
        " and many - 1 or 0",
        " and many or 0",
    ),
    Mutant(
        "what was given out stays on its shelf",
        "serving",
        "    records.rank(RUNNABLE, first, false)\n",
        "",
    ),
    Mutant(
        "a task that leaves the queue stays on its lane's shelf",
        "places",
        "      lanes.unshelve(task)\n    elseif",
        "      lanes.at(task.lane)\n    elseif",
    ),
    Mutant(
        "one behind another that leaves the queue inherits all the same",
        "places",
        "      followers().follow(task, false)\n",
        "      followers()\n",
    ),
    Mutant(
        "a lane whose last task was taken out keeps its turn",
        "turns",
        "      local tag = call('ZSCORE', TURNS, band .. lane)\n",
        "      local tag = nil\n",
    ),
    Mutant(
        "how many wait is miscounted when a lease is given back",
        "places",
        "  function places.delay(task, due)\n    count(task, 1)\n",
        "  function places.delay(task, due)\n",
    ),
    Mutant(
        "how many run is miscounted on the short way",
        "settle",
        "      records.add('r:' .. name, -lane.ended)\n",
        "",
    ),
    Mutant(
        "how many wait is miscounted where a band was lent",
        "serving",
        "    if band == turn.band then\n",
        "    if true then\n",
    ),
    Mutant(
        "a lease that was ended runs out all the same",
        "settle",
        "      records.rank(MOMENTS, wish.id, false)\n",
        "",
    ),
    Mutant(
        "a repeated push moves what is due earlier to later",
        "enqueue",
        "'LT', ",
        "",
    ),
)
