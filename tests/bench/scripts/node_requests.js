// COUNT URL: so many requests at once, each on a connection of its own. Prints the seconds until
// the last was answered.
'use strict';
const http = require('http');

const [count, url] = [Number(process.argv[2]), process.argv[3]];
const start = process.hrtime.bigint();
let left = count;

function ended() {
  left -= 1;
  if (left === 0) {
    console.log((Number(process.hrtime.bigint() - start) / 1e9).toFixed(6));
  }
}

for (let i = 0; i < count; i += 1) {
  http.get(url, {agent: false}, (answer) => {
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    answer.resume();
    answer.on('end', ended);
  });
}
