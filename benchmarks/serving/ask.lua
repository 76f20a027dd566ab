-- Asks for the lists of random users, and writes what came of it as one line of JSON.
local n_users = tonumber(os.getenv("N_USERS"))
local key = os.getenv("API_KEY")

function init(args)
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
end

function request()
  local path = "/api/v1/recommendations/user-" .. math.random(1, n_users) .. "?limit=25"
  return wrk.format("GET", path, { ["X-API-Key"] = key })
end

function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %.3f, "failed": %d, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f}\n',
    summary.requests, summary.duration / 1e6, failed,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
