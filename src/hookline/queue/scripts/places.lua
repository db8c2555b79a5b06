local function lend(owner_id, band)
  local owner = load(owner_id)
  if not owner or band >= owner.lent then
    return
  end
  if owner.state == 'r' then
    unshelve(owner)
  end
  owner.lent = band
  save(owner)
  if owner.state == 'r' then
    shelve(owner)
  end
end

local function park(task, owner_id)
  task.state = 'p'
  save(task)
  redis.call('ZADD', BEHIND, 0, task.conversation .. GAP .. task.accepted .. task.id)
  redis.call('ZADD', LENT, 0, task.conversation .. GAP .. task.lent .. task.id)
  lend(owner_id, task.lent)
end

local function unpark(task)
  redis.call('ZREM', BEHIND, task.conversation .. GAP .. task.accepted .. task.id)
  redis.call('ZREM', LENT, task.conversation .. GAP .. task.lent .. task.id)
end

local function place(task)
  if task.conversation ~= '' then
    local owner = redis.call('HGET', CONVERSATIONS, task.conversation)
    if owner and owner ~= task.id then
      return park(task, owner)
    end
    if not owner then
      redis.call('HSET', CONVERSATIONS, task.conversation, task.id)
    end
  end
  task.state = 'r'
  save(task)
  shelve(task)
end

local function own(task)
  if task.conversation == '' then
    return
  end
  local owner_id = redis.call('HGET', CONVERSATIONS, task.conversation)
  redis.call('HSET', CONVERSATIONS, task.conversation, task.id)
  local owner = owner_id and owner_id ~= task.id and load(owner_id)
  if owner and owner.state == 'r' then
    unshelve(owner)
    park(owner, task.id)
  end
end

local function let_go(task)
  local conversation = task.conversation
  if conversation == '' or redis.call('HGET', CONVERSATIONS, conversation) ~= task.id then
    return
  end
  local prefix = conversation .. GAP
  local first = first_with(BEHIND, prefix)
  if not first then
    redis.call('HDEL', CONVERSATIONS, conversation)
    return
  end
  local heir = load(string.sub(first, #prefix + 17))
  unpark(heir)
  redis.call('HSET', CONVERSATIONS, conversation, heir.id)
  local lent = first_with(LENT, prefix)
  if lent then
    local band = string.sub(lent, #prefix + 1, #prefix + 1)
    heir.lent = band < heir.lent and band or heir.lent
  end
  heir.state = 'r'
  save(heir)
  shelve(heir)
end

local function delay(task, due)
  task.state = 'd'
  save(task)
  redis.call('ZADD', DELAYED, due, task.id)
  if task.conversation ~= '' then
    redis.call('HSETNX', CONVERSATIONS, task.conversation, task.id)
  end
  is_news = true
end

local function hold(task, claim, ends)
  task.state, task.claim = 'l', claim
  save(task)
  redis.call('ZADD', LEASES, ends, task.id)
end

local function leave(task)
  if task.state == 'r' then
    unshelve(task)
  elseif task.state == 'p' then
    unpark(task)
  elseif task.state == 'd' then
    redis.call('ZREM', DELAYED, task.id)
  else
    redis.call('ZREM', LEASES, task.id)
    redis.call('HDEL', CLAIMS, task.claim)
    task.claim = ''
    vacate(task.lane)
    return
  end
  count(task.band .. task.lane, -1)
end

local function forget(task)
  leave(task)
  redis.call('HDEL', TASKS, task.id)
  let_go(task)
  if tally('n:' .. task.lane, -1) == 0 then
    redis.call('HDEL', CONTROL, 'w:' .. task.lane)
  end
end

local function tell()
  if is_news then
    redis.call('PUBLISH', CHANNEL, 'w')
  end
end
