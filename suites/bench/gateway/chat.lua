-- The request of every contender, and the figures as one line of JSON. Keys stay out of arguments:
-- headers and body come from the file that BENCH_REQUEST names.
local file = assert(io.open(assert(os.getenv("BENCH_REQUEST"), "BENCH_REQUEST is not set"), "rb"))
local whole = file:read("*a")
file:close()

function request()
   return whole
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format('{"requests": %d, "us": %d, "p50": %d, "p99": %d, "failed": %d}\n',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
