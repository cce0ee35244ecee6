/** What a user is told and asked once, before the first lab that needs `log` is started; the same words wherever it is asked. */
export const hostLogNotice =
  'This lab reads the kernel log, which is one for the whole machine. Linux leaves lines of containers out of it unless the setting net.netfilter.nf_log_all_netns is 1. Hookpoint can set it while such a lab runs and put the former value back afterwards.';
export const hostLogQuestion = 'May it do so, now and for later labs?';
