-- Lets haproxy be a SOCKS5 proxy: shakes hands, and takes any target for its one server. What comes
-- after that it splices.

local function take(channel, size)
  local bytes = channel:data(0, size)
  if bytes == nil or #bytes < size then
    return nil
  end
  return bytes
end

core.register_action("socks5", {"tcp-req"}, function(txn)
  local head = take(txn.req, 2)
  local size = head and 2 + head:byte(2)
  if not head or not take(txn.req, size) then
    return act.DENY
  end
  txn.req:remove(0, size)
  txn.res:send("\5\0")

  head = take(txn.req, 5)
  size = head and (head:byte(4) == 3 and 7 + head:byte(5) or 10)
  if not head or not take(txn.req, size) then
    return act.DENY
  end
  txn.req:remove(0, size)
  txn.res:send("\5\0\0\1\0\0\0\0\0\0")
end)
