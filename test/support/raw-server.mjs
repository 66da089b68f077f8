// A stdio MCP server without a library, as odd as a test wants it. Arguments: name, mode.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [, , name = 'raw', mode = ''] = process.argv;
const out = (line) => process.stdout.write(`${line}\n`);
const answer = (id, result) =>
  out(`{"result":${typeof result === 'string' ? result : JSON.stringify(result)},"jsonrpc":"2.0","id":${id}}`);
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] });
const pending = new Map();
let nextId = 1;
const cancelled = [];
const seen = [];
const tool = (toolName, more = '') =>
  `{"name":"${toolName}","description":"of ${name}","inputSchema":{"type":"object"}${more}}`;
const odd =
  ',"icons":[{"src":"data:,x","sizes":["48x48"]}],"x-unknown":{"big":12345678901234567890,"exp":1e400,"esc":"\\u2028\\/"},"annotations":{"readOnlyHint":true,"x-hint":[1.0]},"execution":{"taskSupport":"optional"}';
let extraTools = [];
const longName = `a_tool_with_a_name_that_is_far_too_long_for_any_of_the_clients_of_${name}`;

function ask(method, params) {
  const id = `srv-${nextId++}`;
  return new Promise((resolve) => {
    pending.set(id, resolve);
    out(JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }));
  });
}

async function call(id, params, line) {
  const { name: toolName, arguments: args = {} } = params;
  const token = params._meta?.progressToken;
  switch (toolName) {
    case 'raw_line':
      answer(id, text(line));
      return;
    case 'odd':
      answer(
        id,
        '{"content":[{"type":"x-odd","n":12345678901234567890,"e":1.50e2}],"structuredContent":{"a":1.0,"u":"\\u00e9\\/"},"_meta":{"k":-0.0},"x-more":[ 1 , 2 ]}',
      );
      return;
    case 'pid':
      answer(id, text(process.pid));
      return;
    case 'env':
      answer(id, text(JSON.stringify(process.env)));
      return;
    case 'crash':
      process.stderr.write('about to fall\nthe reason is 42\n');
      setTimeout(() => process.exit(7), args.afterMs ?? 50);
      return;
    case 'nap':
      for (let step = 1; step <= (args.steps ?? 1); step += 1) {
        await new Promise((resolve) => setTimeout(resolve, args.ms ?? 50));
        if (token !== undefined)
          out(
            JSON.stringify({
              jsonrpc: '2.0',
              method: 'notifications/progress',
              params: {
                progressToken: token,
                progress: step,
                total: args.steps ?? 1,
                message: `step ${step} of ${args.tag ?? ''}`,
                'x-odd': [1],
              },
            }),
          );
      }
      answer(id, text(args.tag ?? 'napped'));
      return;
    case 'fill':
      globalThis.kept = Buffer.alloc(args.bytes, 1);
      return;
    case 'hang':
      return;
    case 'cancelled':
      answer(id, text(JSON.stringify(cancelled)));
      return;
    case 'seen':
      answer(id, text(JSON.stringify(seen)));
      return;
    case 'error':
      out(`{"jsonrpc":"2.0","id":${id},"error":{"code":-32042,"message":"odd error","data":{"n":1.0}}}`);
      return;
    case 'big':
      answer(id, `{"content":[{"type":"text","text":"${'x'.repeat(args.bytes)}"}]}`);
      return;
    case 'gush':
      for (let n = 0; n < 20000; n += 1)
        out(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: n } }));
      answer(id, text('flooded'));
      return;
    case 'garbage':
      out('this is no JSON');
      out('[1,2');
      out('{"no":"rpc"}');
      out('');
      answer(id, text('after garbage'));
      return;
    case 'ask': {
      const reply = await ask(args.method, args.params);
      answer(id, text(JSON.stringify(reply.result ?? reply.error)));
      return;
    }
    case 'log':
      out(
        JSON.stringify({
          jsonrpc: '2.0',
          method: 'notifications/message',
          params: { level: args.level ?? 'info', logger: name, data: args.data },
        }),
      );
      answer(id, text('logged'));
      return;
    case 'update':
      out(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: args.uri } }));
      answer(id, text('updated'));
      return;
    case 'add_tool':
      extraTools.push(args.name);
      for (let n = 0; n < 5; n += 1) out('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
      answer(id, text('added'));
      return;
    case 'child': {
      const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{});setInterval(()=>{},1000)'], {
        stdio: 'ignore',
      });
      answer(id, text(child.pid));
      return;
    }
    case 'write': {
      const { writeFileSync } = await import('node:fs');
      try {
        writeFileSync(args.path, 'x');
        answer(id, text('written'));
      } catch (error) {
        answer(id, { ...text(error.code), isError: true });
      }
      return;
    }
    default:
      answer(id, text(`${toolName} of ${name}`));
  }
}

function receive(line) {
  const message = JSON.parse(line);
  const { id, method, params } = message;
  if (method === undefined) {
    pending.get(id)?.(message);
    pending.delete(id);
    return;
  }
  if (id === undefined) {
    seen.push(method);
    if (method === 'notifications/cancelled') cancelled.push(params.requestId);
    return;
  }
  seen.push(`${method} ${params?.uri ?? params?.level ?? ''}`.trim());
  switch (method) {
    case 'initialize':
      answer(id, {
        protocolVersion: params.protocolVersion,
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          prompts: {},
          completions: {},
          logging: {},
        },
        serverInfo: { name, version: '1' },
      });
      return;
    case 'tools/list':
      if (params?.cursor === undefined) {
        const names = [
          'raw_line',
          'pid',
          'env',
          'crash',
          'nap',
          'hang',
          'fill',
          'cancelled',
          'seen',
          'error',
          'big',
          'gush',
          'garbage',
          'ask',
          'log',
          'update',
          'add_tool',
          'child',
          'write',
          `only_${name}`,
          longName,
        ];
        answer(id, `{"tools":[${tool('odd', odd)},${names.map((one) => tool(one)).join(',')}],"nextCursor":"2"}`);
      } else answer(id, `{"tools":[${[...extraTools, 'version', 'second_page'].map((one) => tool(one)).join(',')}]}`);
      return;
    case 'resources/list':
      answer(id, `{"resources":[{"uri":"raw://${name}/one","name":"one","x-odd":1.0}]}`);
      return;
    case 'resources/templates/list':
      answer(id, `{"resourceTemplates":[{"uriTemplate":"raw://${name}/{id}","name":"any"}]}`);
      return;
    case 'resources/read':
      answer(id, `{"contents":[{"uri":${JSON.stringify(params.uri)},"text":"from ${name}","x-odd":1.0}]}`);
      return;
    case 'prompts/list':
      answer(id, '{"prompts":[{"name":"greet","x-odd":1.0}]}');
      return;
    case 'prompts/get':
      answer(id, `{"messages":[],"description":"${params.name} of ${name}"}`);
      return;
    case 'completion/complete':
      answer(id, { completion: { values: [`${params.ref.name ?? params.ref.uri} of ${name}`] } });
      return;
    case 'tools/call':
      void call(id, params, line);
      return;
    default:
      answer(id, {});
  }
}

process.stderr.write(`server ${name} runs\n`);
if (mode === 'garbage') out('Welcome to the server!\nno JSON here');
if (mode === 'die') {
  process.stderr.write('no database\n');
  process.exit(3);
}
if (mode === 'stubborn') {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1000);
}
if (mode === 'hang') setInterval(() => undefined, 1000);
else
  createInterface({ input: process.stdin })
    .on('line', receive)
    .on('close', () => (mode === 'stubborn' ? undefined : process.exit(0)));
