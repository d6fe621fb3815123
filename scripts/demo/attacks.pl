# SPDX-License-Identifier: Apache-2.0
# Runs inside the container (the image's own perl), tries each way out and prints "NAME RESULT" lines: the errno by its
# name, or "done". Arguments: pid on the host and address of another container, and the syscall numbers of ptrace and mount.
use strict;
use warnings;
use Errno;
use IO::Socket::INET;
use Socket;

my ($pid, $address, $ptrace, $mount) = @ARGV;
$| = 1;

sub result {
  my ($name, $failed) = @_;
  my ($error) = grep { $!{$_} } keys %!;
  printf "%s %s\n", $name, $failed ? $error // 'unknown' : 'done';
}

# The kernel's own answer, past any library: mount("none", "/tmp", "tmpfs", 0, 0).
my ($none, $target, $type) = ("none\0", "/tmp\0", "tmpfs\0");
result('mount', syscall($mount, $none, $target, $type, 0, 0) < 0);

my $attach = 16;    # PTRACE_ATTACH
result('ptrace-host-pid', syscall($ptrace, $attach, $pid + 0, 0, 0) < 0);
result('ptrace-neighbour', syscall($ptrace, $attach, 1, 0, 0) < 0);
# Signal 0 only asks whether a signal may be sent.
result('signal-host-pid', !kill(0, $pid));

result('proc-sys', !open(my $sysctl, '>', '/proc/sys/kernel/core_pattern'));
result('image-file', !open(my $program, '>', '/usr/sbin/nginx'));
result('raw-socket', !socket(my $raw, PF_INET, SOCK_RAW, 1));
result('egress-tcp',
  !IO::Socket::INET->new(PeerAddr => $address, PeerPort => 8000, Proto => 'tcp', Timeout => 5));

# Datagrams have no answer of their own: the other container sends back what it gets.
my $udp = IO::Socket::INET->new(PeerAddr => $address, PeerPort => 8000, Proto => 'udp');
if (!$udp) {
  result('egress-udp', 1);
} else {
  my $answer;
  for (1 .. 3) {
    $udp->send("ping\n");
    my $ready = '';
    vec($ready, fileno($udp), 1) = 1;
    if (select($ready, undef, undef, 0.5) > 0 && defined $udp->recv($answer, 16) && length $answer) { last }
    undef $answer;
  }
  printf "egress-udp %s\n", defined $answer ? 'done' : 'no-answer';
}
