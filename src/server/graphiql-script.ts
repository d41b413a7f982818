/**
 * What our page does beside GraphiQL, in the browser:
 *
 * - In place of the first tab GraphiQL shows what the page's address says, and else a greeting of its own. So the address is made to say what
 *   the tab holds, or what it held when it was last open.
 * - `<accessToken>`, `<roomId>`, `<cursor>` and `<messageId>` in what is sent become the last ones that were answered, so that tabs can be run one after the other.
 *   They are kept where GraphiQL keeps its tabs, so that a second window knows them too.
 * - Tabs do not slide into their places: until the first press they would be elsewhere for the mouse than for the eye.
 * - GraphiQL gives the headers of a tab to requests, and not to sockets: there they become the parameters of the connection.
 */
export function graphiqlScript(firstQuery: string): string {
  return `<style>.graphiql-tab { transform: none !important }</style><script>(() => {
  const stored = () => {
    try {
      return JSON.parse(localStorage.getItem('graphiql:tabState')) ?? { tabs: [] }
    } catch {
      return { tabs: [] }
    }
  }
  const activeTab = () => stored().tabs[stored().activeTabIndex]

  const address = new URL(location.href)
  const asked = address.searchParams.get('query')
  // Of a tab that it keeps GraphiQL compares these too: else it would open one more.
  const kept = asked ? stored().tabs.find(({ query }) => query === asked) : activeTab()
  if (kept) for (const name of ['variables', 'headers']) localStorage.setItem('graphiql:' + name, kept[name] ?? '')
  if (!asked) {
    address.searchParams.set('query', kept?.query || ${JSON.stringify(firstQuery).replaceAll('<', '\\u003c')})
    history.replaceState({}, '', address)
  }

  const known = () => JSON.parse(localStorage.getItem('parley:known') ?? '{}')
  const fillIn = (text) =>
    typeof text === 'string' ? text.replace(/<(accessToken|roomId|cursor|messageId)>/g, (whole, name) => known()[name] ?? whole) : text
  const learn = ({ data }) => {
    for (const answer of Object.values(data ?? {})) {
      const { accessToken, room, message } = answer ?? {}
      const learnt = {
        ...(accessToken && { accessToken }),
        ...(room?.cursor && { roomId: room.id, cursor: room.cursor }),
        ...(message?.id && { messageId: message.id }),
      }
      localStorage.setItem('parley:known', JSON.stringify({ ...known(), ...learnt }))
    }
  }

  const fetchAsWas = window.fetch
  window.fetch = async (input, init) => {
    const headers = Object.fromEntries(Object.entries(init?.headers ?? {}).map(([name, value]) => [name, fillIn(value)]))
    const response = await fetchAsWas(input, init && { ...init, headers, body: fillIn(init.body) })
    if (response.headers.get('content-type')?.includes('json')) response.clone().json().then(learn, () => {})
    return response
  }
  const sendAsWas = WebSocket.prototype.send
  WebSocket.prototype.send = function (data) {
    const message = JSON.parse(data)
    if (message.type === 'connection_init') message.payload = JSON.parse(activeTab()?.headers || '{}')
    sendAsWas.call(this, fillIn(JSON.stringify(message)))
  }
})()</script>`
}
