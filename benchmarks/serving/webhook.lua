-- Posts ten clicks at a time, each of its own: the API has to store them all.
local thread_of = 0
function setup(thread) thread:set("id", thread_of); thread_of = thread_of + 1 end
function init(args) math.randomseed(id * 7919 + os.time()); n = 0; run = tostring(math.random(1, 1e9)) end
function request()
    local events = {}
    for place = 1, 10 do
        n = n + 1
        events[place] = string.format(
            '{"event_type":"click","user_id":"user-%d","device_id":"d%d","session_id":1,"insert_id":"%s-%d-%d",' ..
            '"time":1767600000000,"event_properties":{"item_id":"item-%d"}}',
            math.random(1, 100000), id, run, id, n, math.random(1, 4182))
    end
    return wrk.format("POST", "/webhooks/amplitude/", {["Content-Type"] = "application/json"},
        '{"events":[' .. table.concat(events, ",") .. "]}")
end
