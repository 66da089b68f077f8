import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** Second hop of `floor`: each connection gets an upstream process of its own, bytes as they come. */
const [socketPath = '', upstream = ''] = process.argv.slice(2);
const server = createServer((socket) => {
  socket.setNoDelay(true);
  const child = spawn(process.execPath, [upstream], { stdio: ['pipe', 'pipe', 'inherit'] });
  socket.pipe(child.stdin);
  child.stdout.pipe(socket);
  child.stdin.on('error', () => undefined); // the client has gone first
  socket.on('error', () => undefined);
  socket.once('close', () => child.kill());
});
server.listen(socketPath, () => process.stdout.write('ready\n'));
