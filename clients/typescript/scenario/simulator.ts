/** The control interface of the simulated WhatsApp: phones, and faults. */
export type Simulator = ReturnType<typeof simulator>;

export function simulator(url: string) {
  async function send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.json();
  }
  return {
    addPhone: (phoneNumber: string) => send('POST', '/phones', { phoneNumber }),
    /** Points the phone's camera at a QR code. Not every code links; another one follows then. */
    scan: (phoneNumber: string, qr: string) => send('POST', `/phones/${phoneNumber}/scan`, { qr }),
    setOnPhone: (phoneNumber: string, category: string, value: string) =>
      send('PUT', `/phones/${phoneNumber}/settings/${category}`, { value }),
    async settingsOf(phoneNumber: string) {
      const phone = (await send('GET', `/phones/${phoneNumber}`)) as { settings: Record<string, string> };
      return phone.settings;
    },
    /** Makes something go wrong. */
    inject: (match: object, effect: object, times: 1 | 'always' = 1) =>
      send('POST', '/faults', { match, effect, times }),
    clearFaults: () => send('DELETE', '/faults'),
    /** WhatsApp refuses the version that the service announces, and ends the phone's connections. */
    async refuseClients(phoneNumber: string) {
      await send('PATCH', '/behaviour', { refuseClients: true });
      await send('POST', `/phones/${phoneNumber}/drop`, { how: 'close' });
    },
  };
}
