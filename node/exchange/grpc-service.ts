// The bridge between the generated descriptors and grpc-js: one description of a service serves client and
// server, typed by the .proto alone.

import {
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

/** Methods of a service by their names in lower camel case, as grpc-js wants them. */
export function grpcService<Service extends DescService>(service: Service): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method): [string, MethodDefinition<unknown, unknown>] => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
        responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
        ...codec('request', method.input),
        ...codec('response', method.output),
      } as MethodDefinition<unknown, unknown>,
    ]),
  );
}

function codec<Desc extends DescMessage>(side: 'request' | 'response', message: Desc) {
  return {
    [`${side}Serialize`]: (value: MessageShape<Desc>): Buffer => {
      const bytes = toBinary(message, value);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    [`${side}Deserialize`]: (bytes: Buffer): MessageShape<Desc> => fromBinary(message, bytes),
  };
}
