local function open_places()
  local places, records = {}, open_records()
  local lanes, following = open_lanes(records), nil
  places.records, places.lanes = records, lanes

  function places.owner(conversation)
    local text = records.read('c:' .. conversation)
    if text then
      return string.sub(text, 2), string.sub(text, 1, 1)
    end
  end

  local function count(task, change)
    records.add('w:' .. task.band .. task.lane, change)
  end

  local function followers()
    following = following or open_following(records, lanes)
    return following
  end

  function places.place(task)
    count(task, 1)
    if task.conversation ~= '' then
      local owner_id = places.owner(task.conversation)
      if owner_id and owner_id ~= task.id then
        return followers().park(task, owner_id)
      end
      if not owner_id then
        records.put('c:' .. task.conversation, '-' .. task.id)
      end
    end
    task.state = 'r'
    records.save(task)
    lanes.shelve(task)
  end

  function places.delay(task, due)
    count(task, 1)
    task.state = 'd'
    records.save(task)
    records.rank(MOMENTS, task.id, due)
    if task.conversation ~= '' and not places.owner(task.conversation) then
      records.put('c:' .. task.conversation, '-' .. task.id)
    end
    is_news = true
  end

  function places.own(task)
    if task.conversation == '' then
      return
    end
    local owner_id, sign = places.owner(task.conversation)
    records.put('c:' .. task.conversation, (sign or '-') .. task.id)
    local owner = owner_id and owner_id ~= task.id and records.load(owner_id)
    if owner and owner.state == 'r' then
      lanes.unshelve(owner)
      followers().park(owner, task.id)
    end
  end

  local function step_out(task)
    count(task, -1)
    if task.state == 'r' then
      lanes.unshelve(task)
    elseif task.state == 'p' then
      followers().follow(task, false)
    end
  end

  local function step_in(task)
    count(task, 1)
    if task.state == 'r' then
      lanes.shelve(task)
    elseif task.state == 'p' then
      followers().follow(task, 0)
    end
  end

  function places.leave(task)
    if task.state == 'l' then
      records.put('k:' .. task.claim, false)
      task.claim = ''
      lanes.run(task.lane, -1)
    else
      step_out(task)
    end
    if task.state == 'l' or task.state == 'd' then
      records.rank(MOMENTS, task.id, false)
    end
  end

  function places.rank_anew(task, band)
    local owner_id, sign = places.owner(task.conversation)
    local is_waiting = task.state ~= 'l'
    if is_waiting then
      step_out(task)
    end
    task.band, task.lent = band, band
    if owner_id == task.id and sign == '+' then
      task.lent = followers().owed(task)
    end
    records.save(task)
    if is_waiting then
      step_in(task)
    end
    if task.state == 'p' then
      followers().lend_anew(owner_id)
    end
  end

  function places.forget(task)
    local was_behind = task.state == 'p'
    places.leave(task)
    records.erase(task)
    records.add('n:' .. task.lane, -1)
    lanes.at(task.lane)
    if task.conversation == '' then
      return
    end
    local owner_id, sign = places.owner(task.conversation)
    if was_behind then
      followers().lend_anew(owner_id)
    elseif owner_id == task.id and sign == '+' then
      followers().inherit(task.conversation)
    elseif owner_id == task.id then
      records.put('c:' .. task.conversation, false)
    end
  end

  return places
end
