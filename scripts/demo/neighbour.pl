# SPDX-License-Identifier: Apache-2.0
# The second container: answers every connection and every datagram on port 8000.
use strict;
use warnings;
use IO::Socket::INET;

if (!fork) {
  my $udp = IO::Socket::INET->new(LocalPort => 8000, Proto => 'udp') or die "udp: $!";
  while ($udp->recv(my $text, 64)) { $udp->send($text) }
  exit;
}
my $tcp = IO::Socket::INET->new(LocalPort => 8000, Listen => 8, ReuseAddr => 1) or die "tcp: $!";
while (my $client = $tcp->accept) { print $client "reached\n" }
