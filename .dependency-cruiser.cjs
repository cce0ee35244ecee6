// The rooms of DESIGN: arrows point one way. Each entry names a room and the rooms of ours it may import.
const may = {
  'engine/contract': [],
  'engine/netfilter': [],
  'engine/runtime': ['engine/contract'],
  'engine/topology': ['engine/contract', 'engine/runtime'],
  'engine/observe': ['engine/contract', 'engine/runtime', 'engine/netfilter'],
  'engine/grading': ['engine/contract', 'engine/netfilter', 'engine/runtime', 'engine/topology', 'engine/observe'],
  'engine/packs': ['engine/contract', 'engine/netfilter', 'engine/topology', 'engine/observe', 'engine/grading'],
  'engine/terminals': ['engine/contract', 'engine/runtime', 'engine/topology'],
  'engine/sessions': [
    'engine/contract',
    'engine/netfilter',
    'engine/runtime',
    'engine/topology',
    'engine/observe',
    'engine/grading',
    'engine/packs',
    'engine/terminals',
  ],
  'engine/host': ['engine'],
  cli: ['engine'],
  app: ['engine/contract'],
  electron: ['engine/contract', 'engine/host'],
};
const rooms = Object.entries(may).map(([room, targets]) => ({
  name: `room ${room}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: '^(engine|cli|app|electron|test)/',
    pathNot: [room, ...targets].map((target) => `^${target}/`),
  },
}));
const only = (name, module, folder) => ({
  name,
  severity: 'error',
  from: { path: '^(engine|cli|app|electron)/', pathNot: `^${folder}/` },
  to: { path: `node_modules/${module}` },
});
module.exports = {
  forbidden: [
    ...rooms,
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    // scripts/ and bench/ are the developer's own tools; what ships imports no test.
    {
      name: 'nothing imports tests',
      severity: 'error',
      from: { pathNot: '^(test|scripts|bench)/' },
      to: { path: '^test/' },
    },
    only('dockerode in one place', 'dockerode', 'engine/runtime/docker'),
    only('node-pty in tests alone', 'node-pty', 'test'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
