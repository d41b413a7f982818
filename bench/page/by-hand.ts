// The least that a server can do: rows to text.
import { serve } from './serve.ts'

serve(JSON.stringify)
