import type { Compilable, CompiledQuery } from 'kysely';

const PLACE = Symbol('the value that stands here');
type Place = { readonly [PLACE]: PropertyKey };

const isPlace = (parameter: unknown): parameter is Place =>
  typeof parameter === 'object' && parameter !== null && PLACE in parameter;

/**
 * A statement that is compiled once, and then run with other values each time: to compile one takes Kysely longer than
 * it takes the database to run it.
 *
 * @param build Makes the statement with what stands for a value in the place of each.
 */
export function prepared<Values extends object>(
  build: (value: <Name extends keyof Values>(name: Name) => Values[Name]) => Compilable,
): (values: Values) => Compilable {
  let compiled: CompiledQuery | undefined;
  const compile = () => (compiled ??= build(name => ({ [PLACE]: name }) as never).compile());
  return values => ({
    compile<Row>() {
      const { parameters, ...query } = compile();
      const parameterOf = (parameter: unknown) =>
        isPlace(parameter) ? values[parameter[PLACE] as keyof Values] : parameter;
      return { ...query, parameters: parameters.map(parameterOf) } as CompiledQuery<Row>;
    },
  });
}
