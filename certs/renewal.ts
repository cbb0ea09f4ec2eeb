// When a node asks for its next certificate: after two thirds of the life of the one it has, so that a hub
// that is down for ten days costs nobody a connection.

export function renewalDueAt({ notBefore, notAfter }: { notBefore: Date; notAfter: Date }): Date {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return new Date(notBefore.getTime() + Math.floor((lifeMs * 2) / 3));
}
