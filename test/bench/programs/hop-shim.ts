import { connect } from 'node:net';

/** First hop of `floor`: stdin and stdout of the client on one side, a local socket on the other, bytes as they come. */
const socket = connect(process.argv[2] ?? '');
socket.setNoDelay(true);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.once('close', () => process.exit(0));
