// What figures are held against, by name.
export const ON_BAILEYS = "the seed's way on Baileys";
export const OVER_WHATSMEOW = "the seed's way over whatsmeow";
export const BARE_METHOD = 'a bare grpc-js method, same bytes';
export const ONE_CONNECTION = 'the same calls over one connection';
export const OWN_UNARY = 'unary updates of ours, 64 at a time';
