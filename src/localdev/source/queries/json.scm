; Keys of the first and the second level.
(document (object (pair key: (string) @name value: [(object) (array)] @body) @definition.key))
(document (object (pair key: (string) @name value: [(string) (number) (true) (false) (null)]) @definition.key))
(document (object (pair value: (object (pair key: (string) @name value: [(object) (array)] @body) @definition.key))))
(document (object (pair value: (object (pair key: (string) @name value: [(string) (number) (true) (false) (null)]) @definition.key))))
