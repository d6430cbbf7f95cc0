/**
 * One environment of Lambda: loads a function, runs requests, and tells when it was done and what it took.
 *
 *     node function-process.cjs FILE EXPORT REQUEST
 *
 * REQUEST is served at once, as after a cold start. Then every message brings requests to serve at the same time.
 */
const http = require('node:http');
const https = require('node:https');

// Handlers of the CDK answer with HTTPS to the usual port; here the answers go to the port that the request names.
https.request = (options, done) =>
  http.request({ ...options, protocol: 'http:', hostname: '127.0.0.1', port: process.env.ANSWERS_PORT }, done);
// What a function logs is not what is measured.
console.log = () => {};

const [file, name, first] = process.argv.slice(2);
const { [name]: handler } = require(file);
const ready = performance.now();

async function serve(requests) {
  const context = { getRemainingTimeInMillis: () => 600_000 };
  await Promise.all(requests.map((request) => handler(request, context)));
}

serve([JSON.parse(first)]).then(() => {
  process.send({ ready, answered: performance.now(), memory: memory() });
});
process.on('message', async (requests) => {
  await serve(requests);
  process.send({ memory: memory() });
});

/** The most that the process has had, in MB. */
function memory() {
  return (process.resourceUsage().maxRSS * 1_024) / 1e6;
}
