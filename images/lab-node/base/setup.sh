#!/bin/sh
# What the image needs beyond its packages. Runs as root inside it: by Dockerfile, or in a chroot where it is made with mmdebstrap.
set -eu

# The prompt names the node, and completion knows iptables' and ip's words.
cat >/etc/profile.d/hookpoint.sh <<'PROFILE'
if [ -n "${BASH_VERSION-}" ]; then
  PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
  [ -r /usr/share/bash-completion/bash_completion ] && . /usr/share/bash-completion/bash_completion
fi
export LESS=-R MANPAGER='less -s' EDITOR=nano
PROFILE
cat >/root/.bashrc <<'BASHRC'
[ -n "${PS1-}" ] && . /etc/profile.d/hookpoint.sh
BASHRC

# The manual is read here and now: no database has to be kept for `man iptables`.
rm -f /etc/cron.daily/man-db /etc/systemd/system/timers.target.wants/man-db.timer

# Nothing starts by itself in a node; nobody's host keys are in the image.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /etc/machine-id
: >/etc/machine-id

mkdir -p /usr/lib/hookpoint /var/lib/hookpoint /run/netns
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt
