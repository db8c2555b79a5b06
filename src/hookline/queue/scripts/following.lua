local function open_following(records, lanes)
  local following = {}

  function following.follow(task, score)
    local prefix = task.conversation .. GAP
    records.rank(FOLLOWERS, prefix .. 'a' .. task.accepted .. task.id, score)
    records.rank(FOLLOWERS, prefix .. 'b' .. task.lent .. task.id, score)
  end

  local function lend(owner_id, band)
    local owner = records.load(owner_id)
    if not owner or band >= owner.lent then
      return
    end
    if owner.state == 'r' then
      lanes.unshelve(owner)
    end
    owner.lent = band
    records.save(owner)
    if owner.state == 'r' then
      lanes.shelve(owner)
    end
  end

  function following.park(task, owner_id)
    task.state = 'p'
    records.save(task)
    following.follow(task, 0)
    records.put('c:' .. task.conversation, '+' .. owner_id)
    lend(owner_id, task.lent)
  end

  function following.inherit(conversation)
    records.write_ranks(FOLLOWERS)
    local prefix = conversation .. GAP
    local first = call('ZRANGEBYLEX', FOLLOWERS, '[' .. prefix .. 'a', '(' .. prefix .. 'b', 'LIMIT', 0, 1)[1]
    if not first then
      return records.put('c:' .. conversation, false)
    end
    local best = call('ZRANGEBYLEX', FOLLOWERS, '[' .. prefix .. 'b', '(' .. prefix .. 'c', 'LIMIT', 0, 1)[1]
    local heir = records.load(string.sub(first, #prefix + 18))
    local band = string.sub(best, #prefix + 2, #prefix + 2)
    following.follow(heir, false)
    records.put('c:' .. conversation, '+' .. heir.id)
    heir.state, heir.lent = 'r', band < heir.lent and band or heir.lent
    records.save(heir)
    lanes.shelve(heir)
  end

  return following
end
