#!/usr/bin/env bash
# Expected: an SDK that sends a batch again after a 503 does so after a refused connection, too: nothing was received, and
#           the next try can cost nothing.
# Happens:  analytics-node sends again what was answered 503, and drops at the first try what met a closed port: code 0,
#           "Unexpected error occurred". Amplitude's SDK for Python tries both again.
# Version:  @amplitude/analytics-node 1.5.73, amplitude-analytics 1.3.0
# Hurts:    the moment in which a collector restarts is the one in which every event of the shop's server is lost, though
#           its retries seem to be set up; a proxy that answers 503 in front of it keeps them.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check amplitude-analytics==1.3.0
cd "$work"
echo '{"private": true, "dependencies": {"@amplitude/analytics-node": "1.5.73"}}' > package.json
npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error >/dev/null

cat > send.js <<'JS'
const http = require('http');
const amplitude = require('@amplitude/analytics-node');

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

async function outcome(isOpen) {
  let tries = 0;
  const server = http.createServer((request, answer) => {
    tries += 1;
    request.resume().on('end', () => { answer.statusCode = 503; answer.end('{"code": 503, "error": "away"}'); });
  });
  const port = await listening(server);
  if (!isOpen) await new Promise((done) => server.close(done));
  const client = amplitude.createInstance();
  const settings = { serverUrl: `http://127.0.0.1:${port}`, flushQueueSize: 1, flushMaxRetries: 3, logLevel: 0 };
  await client.init('0123456789abcdef0123456789abcdef', settings).promise;
  const { code, message } = await client.track('purchase', {}, { user_id: 'customer-1' }).promise;
  return { code, message, tries };
}

(async () => {
  const [answered, refused] = [await outcome(true), await outcome(false)];
  console.log('node, answered 503:   ', answered);
  console.log('node, port is closed: ', refused);
  process.exit(answered.tries === 3 && refused.code === 0 && refused.message.includes('Unexpected') ? 0 : 1);
})();
JS
cat > send.py <<'PY'
import socket
import threading
from importlib.metadata import version

from amplitude import Amplitude, BaseEvent

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
told, is_told = [], threading.Event()


def callback(event, code, message=None):
    told.append(message)
    is_told.set()


client = Amplitude("0123456789abcdef0123456789abcdef")
client.configuration.server_url = f"http://127.0.0.1:{port}"
client.configuration.flush_max_retries = 3
client.configuration.callback = callback
client.track(BaseEvent("purchase", user_id="customer-1"))
client.flush()
assert is_told.wait(60)
print("amplitude-analytics", version("amplitude-analytics"), "port is closed:", told)
assert "max retry times 3" in told[0]
PY
node -p '"@amplitude/analytics-node " + require("@amplitude/analytics-node/package.json").version' 
status=0
node send.js || status=1
"$work/venv/bin/python" send.py || status=1
exit $status
