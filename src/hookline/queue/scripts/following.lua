local function open_following(records, lanes)
  local following = {}

  function following.follow(task, score)
    local prefix = task.conversation .. GAP
    records.rank(FOLLOWERS, prefix .. 'a' .. task.accepted .. task.id, score)
    records.rank(FOLLOWERS, prefix .. 'b' .. task.lent .. task.id, score)
  end

  local function best_behind(conversation)
    records.write_ranks(FOLLOWERS)
    local prefix = conversation .. GAP
    local best = call('ZRANGEBYLEX', FOLLOWERS, '[' .. prefix .. 'b', '(' .. prefix .. 'c', 'LIMIT', 0, 1)[1]
    return best and string.sub(best, #prefix + 2, #prefix + 2)
  end

  local function let_count_as(owner, band)
    if owner.state == 'r' then
      lanes.unshelve(owner)
    end
    owner.lent = band
    records.save(owner)
    if owner.state == 'r' then
      lanes.shelve(owner)
    end
  end

  local function lend(owner_id, band)
    local owner = records.load(owner_id)
    if owner and band < owner.lent then
      let_count_as(owner, band)
    end
  end

  function following.owed(task)
    local band = best_behind(task.conversation)
    return band and band < task.band and band or task.band
  end

  function following.lend_anew(owner_id)
    local owner = records.load(owner_id)
    local band = owner and following.owed(owner)
    if owner and band ~= owner.lent then
      let_count_as(owner, band)
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
    local heir, band = records.load(string.sub(first, #prefix + 18)), best_behind(conversation)
    following.follow(heir, false)
    records.put('c:' .. conversation, '+' .. heir.id)
    heir.state, heir.lent = 'r', band < heir.lent and band or heir.lent
    records.save(heir)
    lanes.shelve(heir)
  end

  return following
end
