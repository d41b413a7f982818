/**
 * What our page does beside GraphiQL, in the browser:
 *
 * - In place of the first tab GraphiQL shows what the page's address says, and else a greeting of its own. So the address is made to say what
 *   the tab holds, or what it held when it was last open.
 * - `<accessToken>`, `<roomId>` and `<cursor>` in what is sent become the last ones that were answered, so that tabs can be run one after the other.
 *   They are kept where GraphiQL keeps its tabs, so that a second window knows them too.
 * - GraphiQL gives the headers of a tab to requests, and not to sockets: there they become the parameters of the connection.
 */
export function graphiqlScript(firstQuery: string): string {
  return `<script>(() => {
  const activeTab = () => {
    try {
      const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'))
      return tabs[activeTabIndex]
    } catch {
      return {}
    }
  }

  const address = new URL(location.href)
  if (!address.searchParams.has('query')) {
    let query = ${JSON.stringify(firstQuery).replaceAll('<', '\\u003c')}
    // Of a tab that it keeps GraphiQL compares these too: else it would open one more.
    const { query: kept, variables, headers } = activeTab()
    if (kept) {
      query = kept
      for (const [name, value] of Object.entries({ variables, headers })) localStorage.setItem('graphiql:' + name, value ?? '')
    }
    address.searchParams.set('query', query)
    history.replaceState({}, '', address)
  }

  const known = () => JSON.parse(localStorage.getItem('parley:known') ?? '{}')
  const fillIn = (text) =>
    typeof text === 'string' ? text.replace(/<(accessToken|roomId|cursor)>/g, (whole, name) => known()[name] ?? whole) : text
  const learn = ({ data }) => {
    for (const answer of Object.values(data ?? {})) {
      const { accessToken, room } = answer ?? {}
      const learnt = { ...(accessToken && { accessToken }), ...(room?.cursor && { roomId: room.id, cursor: room.cursor }) }
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
    if (message.type === 'connection_init') message.payload = JSON.parse(activeTab().headers || '{}')
    sendAsWas.call(this, fillIn(JSON.stringify(message)))
  }
})()</script>`
}
