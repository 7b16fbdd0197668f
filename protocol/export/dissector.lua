local proto = Proto("pumpsim", "Wire of a simulated infusion pump")

-- ---------------------------------------------------------------- fields

local INTEGERS = { [1] = ProtoField.uint8, [2] = ProtoField.uint16, [4] = ProtoField.uint32, [8] = ProtoField.uint64 }
local fields, masks = {}, {}

local function declare(field)
  fields[#fields + 1] = field
  return field
end

-- A field of its own for each bit of a word: `numbered` tables give the number of the bit, others its mask.
local function declare_bits(abbreviation, item, codes)
  local found = {}
  for value, name in pairs(codes) do
    local mask = item.numbered and 2 ^ value or value
    local field = declare(ProtoField.bool(abbreviation .. "." .. name:lower(), name, item.size * 8, nil, mask))
    found[#found + 1] = { name = name, mask = mask, field = field }
  end
  table.sort(found, function(one, other) return one.mask < other.mask end)
  masks[abbreviation] = found
end

local function declare_number(abbreviation, item)
  local codes = item.codes and CODES[item.codes]
  local make = item.signed and ProtoField.int64 or INTEGERS[item.size]
  if item.bits then
    declare_bits(abbreviation, item, codes)
    return make(abbreviation, item.name, base.HEX)
  elseif item.unit then
    return make(abbreviation, item.name, base.UNIT_STRING, { " " .. item.unit })
  end
  return make(abbreviation, item.name, base.DEC, codes)
end

local function declare_item(prefix, item)
  local abbreviation = prefix .. "." .. item.name
  item.abbreviation = abbreviation
  if item.kind == "int" then
    item.field = declare(declare_number(abbreviation, item))
  elseif item.kind == "text" then
    item.field = declare(ProtoField.string(abbreviation, item.name))
  elseif item.kind == "many" then
    item.field = declare(ProtoField.uint8(abbreviation, item.name, base.UNIT_STRING, { " rows" }))
  else
    item.field = declare(ProtoField.bytes(abbreviation, item.name))
  end
end

for name, body in pairs(BODIES) do
  for _, item in ipairs(body.items) do declare_item("pumpsim." .. body.prefix, item) end
end
for _, item in ipairs(HEADER) do declare_item("pumpsim", item) end

local result_field = declare(ProtoField.uint8("pumpsim.result", "result", base.DEC, CODES.Answer))
local part_field = declare(ProtoField.uint8("pumpsim.part", "part", base.DEC))
local payload_field = declare(ProtoField.bytes("pumpsim.payload", "payload"))
local mac_field = declare(ProtoField.bytes("pumpsim.mac", "MAC"))
local crc_field = declare(ProtoField.uint32("pumpsim.crc", "CRC-32C", base.HEX))
local run_field = declare(ProtoField.bytes("pumpsim.run", "run"))
local bad_field = declare(ProtoField.string("pumpsim.bad", "refused"))
local unreadable_field = declare(ProtoField.string("pumpsim.unreadable", "body refused"))
local unknown_field = declare(ProtoField.bytes("pumpsim.unknown", "bytes that this version cannot name"))
proto.fields = fields

local experts, bad_experts, unreadable_experts = {}, {}, {}
for name, says in pairs(BAD) do
  bad_experts[name] = ProtoExpert.new("pumpsim.bad." .. name:lower(), says, expert.group.MALFORMED, expert.severity.ERROR)
  experts[#experts + 1] = bad_experts[name]
end
for name, says in pairs({ LENGTH = "body of a wrong length", TEXT = "not UTF-8", UNKNOWN = "a code that this version does not know" }) do
  unreadable_experts[name] = ProtoExpert.new("pumpsim.unreadable." .. name:lower(), says, expert.group.UNDECODED, expert.severity.WARN)
  experts[#experts + 1] = unreadable_experts[name]
end
local direction_expert =
  ProtoExpert.new("pumpsim.direction", "the answer flag and the direction differ", expert.group.SEQUENCE, expert.severity.WARN)
experts[#experts + 1] = direction_expert
proto.experts = experts

-- ---------------------------------------------------------------- from a run to a frame

local bits = bit or bit32
local bxor = bits and bits.bxor or load("return function(one, other) return one ~ other end")()
local band = bits and bits.band or load("return function(one, other) return one & other end")()
local rshift = bits and bits.rshift or load("return function(word, by) return word >> by end")()
local WORD = 2 ^ 32

local crc_table = {}
for number = 0, 255 do
  local value = number
  for _ = 1, 8 do
    local odd = value % 2 == 1
    value = math.floor(value / 2)
    if odd then value = bxor(value, CRC_POLYNOMIAL) % WORD end
  end
  crc_table[number] = value
end

local function crc32c(bytes, count)
  local crc = WORD - 1
  for at = 0, count - 1 do
    crc = bxor(crc_table[band(bxor(crc, bytes:get_index(at)), 255)], rshift(crc, 8)) % WORD
  end
  return WORD - 1 - crc
end

-- The bytes inside a run, or nil where it is not COBS.
local function cobs_decoded(run, size)
  local decoded = ByteArray.new()
  decoded:set_size(size)
  local at, count = 0, 0
  while at < size do
    local code = run:get_index(at)
    local stop = at + code
    if code == 0 or stop > size then return nil end
    for from = at + 1, stop - 1 do
      local byte = run:get_index(from)
      if byte == 0 then return nil end
      decoded:set_index(count, byte)
      count = count + 1
    end
    at = stop
    if code < 255 and at < size then
      decoded:set_index(count, 0)
      count = count + 1
    end
  end
  decoded:set_size(count)
  return decoded, count
end

local function little_endian(bytes, at, size)
  local value = 0
  for from = at + size - 1, at, -1 do value = value * 256 + bytes:get_index(from) end
  return value
end

local function header_of(bytes)
  local header, at = {}, 0
  for _, item in ipairs(HEADER) do
    header[item.name] = little_endian(bytes, at, item.size)
    at = at + item.size
  end
  return header
end

-- The decoded bytes, their number and the header; or nil, the reason, and the decoded bytes as far as it got.
local function frame_of(run, size, ended)
  if size > RUN_BYTES_MAX then return nil, "TOO_LONG" end
  if not ended then return nil, "PAUSE" end
  local bytes, count = cobs_decoded(run, size)
  if not bytes then return nil, "COBS" end
  if count < HEADER_BYTES + CRC_BYTES then return nil, "TOO_SHORT", bytes end
  if count > DECODED_BYTES_MAX then return nil, "TOO_LONG", bytes end
  if crc32c(bytes, count - CRC_BYTES) ~= little_endian(bytes, count - CRC_BYTES, CRC_BYTES) then return nil, "CRC", bytes end
  local header = header_of(bytes)
  if header.zero ~= 0 or band(header.flags, 255 - ANSWER - MAC) ~= 0 then return nil, "HEADER", bytes end
  header.answer = band(header.flags, ANSWER) ~= 0
  header.mac_bytes = band(header.flags, MAC) ~= 0 and MAC_BYTES or 0
  if HEADER_BYTES + header.length + header.mac_bytes + CRC_BYTES ~= count then return nil, "LENGTH", bytes end
  return bytes, count, header
end

-- ---------------------------------------------------------------- bodies

local function is_utf8(bytes)
  local at, count = 0, bytes:len()
  while at < count do
    local first = bytes:get_index(at)
    local more = first < 0x80 and 0 or first < 0xc2 and -1 or first < 0xe0 and 1 or first < 0xf0 and 2 or first < 0xf5 and 3 or -1
    if more < 0 or at + more >= count then return false end
    for from = at + 1, at + more do
      local byte = bytes:get_index(from)
      local low = from == at + 1 and (first == 0xe0 and 0xa0 or first == 0xf0 and 0x90) or 0x80
      local high = from == at + 1 and (first == 0xed and 0x9f or first == 0xf4 and 0x8f) or 0xbf
      if byte < low or byte > high then return false end
    end
    at = at + more + 1
  end
  return true
end

-- A body is read by functions that take and return a place in the frame. Where it cannot be read they raise one of these.
local function unreadable(why) error({ unreadable = why }, 0) end

local function need(body, at, size)
  if at + size > body.stop then unreadable("LENGTH") end
end

local read_items

local function show_bits(bits, range, shown)
  local word, set = range:le_uint(), {}
  for _, each in ipairs(bits) do
    shown:add_le(each.field, range)
    if band(word, each.mask) ~= 0 then set[#set + 1] = each.name end
  end
  if #set > 0 then shown:append_text(" (" .. table.concat(set, ", ") .. ")") end
end

local function read_number(body, item, at, tree)
  need(body, at, item.size)
  local range = body.tvb(at, item.size)
  local shown = tree:add_le(item.field, range)
  if masks[item.abbreviation] then show_bits(masks[item.abbreviation], range, shown) end
  return at + item.size
end

local function read_text(body, item, at, tree)
  need(body, at, item.size)
  local size = body.tvb(at, item.size):le_uint()
  need(body, at + item.size, size)
  local from = at + item.size
  if size == 0 then
    tree:add(item.field, body.tvb(from, 0), "")
    return from
  end
  local range = body.tvb(from, size)
  if not is_utf8(range:bytes()) then unreadable("TEXT") end
  tree:add_packet_field(item.field, range, ENC_UTF_8 + ENC_NA)
  return from + size
end

local function read_rows(body, item, at, tree)
  need(body, at, 1)
  local rows = body.tvb(at, 1):uint()
  local branch = tree:add(item.field, body.tvb(at, 1))
  at = at + 1
  for number = 1, rows do
    local row = branch:add(proto, body.tvb(at, math.max(0, math.min(body.stop, body.tvb:len()) - at)), item.row .. " " .. number)
    local from = at
    at = read_items(body, BODIES[item.row], at, row)
    row:set_len(at - from)
  end
  return at
end

local function read_item(body, item, at, tree)
  if item.kind == "int" then
    return read_number(body, item, at, tree)
  elseif item.kind == "text" then
    return read_text(body, item, at, tree)
  elseif item.kind == "many" then
    return read_rows(body, item, at, tree)
  end
  local size = item.kind == "fixed" and item.size or body.stop - at
  need(body, at, size)
  if size > 0 then tree:add(item.field, body.tvb(at, size)) else tree:add(item.field, body.tvb(at, 0), "") end
  return at + size
end

-- Fields of a later minor version are there if the body goes on: all of one version, or none.
function read_items(body, declaration, at, tree)
  local version = 0
  for _, item in ipairs(declaration.items) do
    if item.since > version then
      if at >= body.stop then break end
      version = item.since
    end
    at = read_item(body, item, at, tree)
  end
  return at
end

local function read_declared(body, name, at, tree)
  if name then at = read_items(body, BODIES[name], at, tree) end
  if at ~= body.stop then unreadable("LENGTH") end
end

local function read_ok(body, message, at, tree)
  if not message then unreadable("UNKNOWN") end
  if not message.parts then return read_declared(body, message.answer, at, tree) end
  need(body, at, 1)
  local part = body.tvb(at, 1):uint()
  tree:add(part_field, body.tvb(at, 1))
  if part >= #message.parts then unreadable("UNKNOWN") end
  read_declared(body, message.parts[part + 1], at + 1, tree)
end

local function read_answer(body, message, tree)
  local at = HEADER_BYTES
  need(body, at, 1)
  local result = body.tvb(at, 1):uint()
  tree:add(result_field, body.tvb(at, 1))
  if result == OK then
    read_ok(body, message, at + 1, tree)
  elseif CODES.Answer[result] then
    read_declared(body, CARRIED[result], at + 1, tree)
  else
    unreadable("UNKNOWN")
  end
end

local function read_body(body, header, message, tree)
  if header.answer then
    read_answer(body, message, tree)
  elseif message then
    read_declared(body, message.request, HEADER_BYTES, tree)
  else
    unreadable("UNKNOWN")
  end
end

-- ---------------------------------------------------------------- a packet

local function show_bad(tvb, reason, bytes, tree)
  if bytes and bytes:len() > 0 then tree:add(run_field, bytes:tvb("COBS-decoded bytes")()) end
  tree:add(bad_field, tvb(), reason):add_proto_expert_info(bad_experts[reason])
  return "refused: " .. BAD[reason]
end

local function show_header(frame, header, tree)
  local body = { tvb = frame, stop = HEADER_BYTES }
  local at = 0
  for _, item in ipairs(HEADER) do at = read_item(body, item, at, tree) end
end

local function show_body(frame, header, message, tree)
  local body = { tvb = frame, stop = HEADER_BYTES + header.length }
  local range = header.length > 0 and frame(HEADER_BYTES, header.length) or frame(HEADER_BYTES, 1)
  if header.length > 0 then tree:add(payload_field, range) end
  local branch = tree:add(proto, range, "Body")
  local read, why = pcall(read_body, body, header, message, branch)
  if read then return "" end
  if type(why) ~= "table" then error(why, 0) end
  branch:add(unreadable_field, range, why.unreadable):add_proto_expert_info(unreadable_experts[why.unreadable])
  if why.unreadable == "UNKNOWN" and header.length > 0 then branch:add(unknown_field, range) end
  return " [body refused: " .. why.unreadable .. "]"
end

local function show_frame(bytes, header, pinfo, tree)
  local frame = bytes:tvb("COBS-decoded frame")
  local message = MESSAGES[header.opcode]
  show_header(frame, header, tree)
  local refused = show_body(frame, header, message, tree)
  local after = HEADER_BYTES + header.length
  if header.mac_bytes > 0 then tree:add(mac_field, frame(after, MAC_BYTES)) end
  tree:add_le(crc_field, frame(after + header.mac_bytes, CRC_BYTES)):append_text(" [right]")
  if pinfo.p2p_dir >= 0 and header.answer ~= (pinfo.p2p_dir == INBOUND) then tree:add_proto_expert_info(direction_expert) end
  local name = message and message.name or string.format("opcode 0x%04x", header.opcode)
  if not header.answer then return name .. refused end
  if header.length == 0 then return name .. " answered without a byte" .. refused end
  local result = frame(HEADER_BYTES, 1):uint()
  return name .. " answered " .. (CODES.Answer[result] or tostring(result)) .. refused
end

function proto.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = "PUMPSIM"
  if pinfo.p2p_dir >= 0 then
    local inbound = pinfo.p2p_dir == INBOUND
    pinfo.cols.src = inbound and "pump" or "programmer"
    pinfo.cols.dst = inbound and "programmer" or "pump"
  end
  local size = tvb:len()
  local ended = size > 0 and tvb(size - 1, 1):uint() == 0
  local branch = tree:add(proto, tvb())
  if ended and size == 1 then
    pinfo.cols.info = "a zero alone"
    return size
  end
  local run = ended and tvb(0, size - 1):bytes() or tvb:bytes()
  local bytes, reason, more = frame_of(run, run:len(), ended)
  local info
  if bytes then info = show_frame(bytes, more, pinfo, branch) else info = show_bad(tvb, reason, more, branch) end
  pinfo.cols.info = info
  branch:append_text(", " .. info)
  return size
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, proto)
