/** The extensions of iptables-extensions(8) whose options are known but whose meaning is not typed. */

import { type MatchExtension, opaqueMatch, opaqueTarget, type TargetExtension } from './extension.ts';

const matches: Readonly<Record<string, string>> = {
  ah: '--ahspi=1 --ahlen=1 --ahres',
  bpf: '--object-pinned=1 --bytecode=1',
  cgroup: '--path=1 --cgroup=1',
  cluster: '--cluster-total-nodes=1 --cluster-local-node=1 --cluster-local-nodemask=1 --cluster-hash-seed=1',
  connbytes: '--connbytes=1 --connbytes-dir=1 --connbytes-mode=1',
  connlabel: '--label=1 --set',
  connlimit: '--connlimit-upto=1 --connlimit-above=1 --connlimit-mask=1 --connlimit-saddr --connlimit-daddr',
  cpu: '--cpu=1',
  devgroup: '--src-group=1 --dst-group=1',
  dst: '--dst-len=1 --dst-opts=1 --dst-not-strict',
  ecn: '--ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect=1',
  esp: '--espspi=1',
  eui64: '',
  frag: '--fragid=1 --fraglen=1 --fragres --fragfirst --fragmore --fraglast',
  hashlimit:
    '--hashlimit-upto=1 --hashlimit-above=1 --hashlimit=1 --hashlimit-burst=1 --hashlimit-mode=1 --hashlimit-srcmask=1 --hashlimit-dstmask=1 --hashlimit-name=1 --hashlimit-htable-size=1 --hashlimit-htable-max=1 --hashlimit-htable-expire=1 --hashlimit-htable-gcinterval=1 --hashlimit-rate-match --hashlimit-rate-interval=1',
  hbh: '--hbh-len=1 --hbh-opts=1 --hbh-not-strict',
  helper: '--helper=1',
  ipcomp: '--ipcompspi=1 --compres',
  ipv6header: '--soft --header=1',
  ipvs: '--ipvs --vproto=1 --vaddr=1 --vport=1 --vdir=1 --vmethod=1 --vportctl=1',
  mh: '--mh-type=1',
  nfacct: '--nfacct-name=1',
  osf: '--genre=1 --ttl=1 --log=1',
  policy: '--dir=1 --pol=1 --strict --reqid=1 --spi=1 --proto=1 --mode=1 --tunnel-src=1 --tunnel-dst=1 --next',
  quota: '--quota=1',
  rateest:
    '--rateest=1 --rateest1=1 --rateest2=1 --rateest-delta --rateest-bps=? --rateest-bps1=? --rateest-bps2=? --rateest-pps=? --rateest-pps1=? --rateest-pps2=? --rateest-lt --rateest-gt --rateest-eq --rateest-name=1 --rateest-interval=1 --rateest-ewma=1',
  realm: '--realm=1',
  recent: '--set --rcheck --update --remove --seconds=1 --reap --hitcount=1 --rttl --name=1 --rsource --rdest --mask=1',
  rt: '--rt-type=1 --rt-segsleft=1 --rt-len=1 --rt-0-res --rt-0-addrs=1 --rt-0-not-strict',
  socket: '--transparent --nowildcard --restore-skmark',
  srh: '--srh-next-hdr=1 --srh-hdr-len-eq=1 --srh-hdr-len-gt=1 --srh-hdr-len-lt=1 --srh-segs-left-eq=1 --srh-segs-left-gt=1 --srh-segs-left-lt=1 --srh-last-entry-eq=1 --srh-last-entry-gt=1 --srh-last-entry-lt=1 --srh-tag=1 --srh-psid=1 --srh-nsid=1 --srh-lsid=1',
  string: '--algo=1 --from=1 --to=1 --string=1 --hex-string=1 --icase',
  time: '--datestart=1 --datestop=1 --timestart=1 --timestop=1 --monthdays=1 --weekdays=1 --kerneltz --utc --localtz --contiguous',
  u32: '--u32=1',
};

const targets: Readonly<Record<string, string>> = {
  AUDIT: '--type=1',
  CHECKSUM: '--checksum-fill',
  CLUSTERIP: '--new --hashmode=1 --clustermac=1 --total-nodes=1 --local-node=1 --hash-init=1',
  CONNSECMARK: '--save --restore',
  DNPT: '--src-pfx=1 --dst-pfx=1',
  ECN: '--ecn-tcp-remove --ecn-tcp-cwr=1 --ecn-tcp-ece=1 --ecn-ip-ect=1',
  HMARK:
    '--hmark-tuple=1 --hmark-mod=1 --hmark-offset=1 --hmark-src-prefix=1 --hmark-dst-prefix=1 --hmark-sport-mask=1 --hmark-dport-mask=1 --hmark-spi-mask=1 --hmark-proto-mask=1 --hmark-rnd=1 --hmark-sport=1 --hmark-dport=1 --hmark-spi=1',
  IDLETIMER: '--timeout=1 --label=1 --alarm',
  LED: '--led-trigger-id=1 --led-delay=1 --led-always-blink',
  NFQUEUE: '--queue-num=1 --queue-balance=1 --queue-bypass --queue-cpu-fanout',
  QUEUE: '',
  RATEEST: '--rateest-name=1 --rateest-interval=1 --rateest-ewmalog=1',
  SECMARK: '--selctx=1',
  SNPT: '--src-pfx=1 --dst-pfx=1',
  SYNPROXY: '--mss=1 --wscale=1 --sack-perm --timestamp --ecn',
  TCPOPTSTRIP: '--strip-options=1',
  TEE: '--gateway=1 --oif=1',
  ULOG: '--ulog-nlgroup=1 --ulog-prefix=1 --ulog-cprange=1 --ulog-qthreshold=1',
};

export const opaqueMatches: readonly MatchExtension[] = Object.entries(matches).map(([name, options]) =>
  opaqueMatch(name, options),
);

export const opaqueTargets: readonly TargetExtension[] = Object.entries(targets).map(([name, options]) =>
  opaqueTarget(name, options),
);
